// "Something new: show": a word in the corner when what this page shows has moved on the server.
// The page itself stays as it is until the person asks: nothing jumps under a hand.

const AGAIN_MS = 60_000;
const hint = document.getElementById("hint");
const wanted = (hint.dataset.feeds || "*").split(" ");
let source = null;
let timer = 0;

const concerns = (feeds) => wanted.includes("*") || feeds.some((feed) => wanted.includes(feed));

function stop() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

function start() {
  if (source || document.visibilityState !== "visible" || !hint.hidden) return;
  source = new EventSource(hint.dataset.events);
  source.addEventListener("moved", (event) => {
    if (!concerns(JSON.parse(event.data).feeds)) return;
    hint.hidden = false;
    stop(); // once is enough
  });
  source.addEventListener("error", () => {
    if (source?.readyState !== EventSource.CLOSED) return; // it tries again by itself
    stop();
    timer = setTimeout(start, AGAIN_MS);
  });
}

hint.querySelector("button").addEventListener("click", () => location.reload());
// A hidden page holds no connection: browsers have only six for a server.
document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? start() : stop()));
addEventListener("pagehide", stop);
start();
