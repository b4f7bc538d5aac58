"""Words for what happens to photos: label → (zh, en). Each is counted where it happens."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["PHOTOS"]

PHOTOS: Mapping[str, tuple[str, str]] = {
    "taken": ("拍照并写入记录", "a photo is taken, and named by work"),
    "same_bytes": ("两处照片完全相同", "a photo is the same as another's"),
    "handed_in": ("照片交清", "a photo is handed in"),
    "resumed": ("照片续传", "an upload goes on where it was broken off"),
    "half_a_piece": ("崩溃时只收下半段", "half a piece is kept when the server falls"),
    "offset_wrong": ("续传位置不对", "a piece comes for another place than the upload is at"),
    "begun_again": ("上传重新开始", "an upload is not known any more, and begins anew"),
    "known_already": ("照片早已在服务器", "what is announced is with the server already"),
    "already_handing_in": ("上传未完又要上传", "photos are to go while one is going"),
    "token_expired": ("上传中令牌到期", "a token expires between two pieces"),
    "token_unknown": ("上传时设备已不被承认", "a device is not known any more while it sends"),
    "busy": ("服务器繁忙，照片稍后再传", "the server is too busy for a photo"),
    "no_room": ("服务器没有空间收照片", "the server has no room for photos"),
    "power_cut": ("上传时断电", "a tablet dies while it hands a photo in"),
    "disk_full": ("上传时本机存储已满", "a tablet is full while it hands a photo in"),
    "server_fell": ("收照片时服务器崩溃", "the server falls over a piece of a photo"),
    "wiped": ("照片未交就被清除", "a tablet is wiped with photos on it"),
    "of_what_is_read_no_more": (
        "记录已移出范围，照片仍交清",
        "a photo is handed in of a record that its tablet reads no more",
    ),
    "restored_with": ("照片与数据库一起恢复", "photos come back from the same backup"),
    "restored_before": ("照片从更早的备份恢复", "photos come back from an older backup"),
    "restored_never": ("只恢复了数据库", "only the database comes back from a backup"),
    "again_after_restore": ("恢复后再次交照片", "photos are handed in again after a restore"),
    "let_go": ("交清三十日后释放原图", "a photo is let go after its time"),
    "erased": ("照片随个人信息抹去", "a photo is erased at the server"),
    "erased_of_one": ("抹去时别人也交过同一张", "what is erased of one record stays for another"),
    "erased_here": ("平板上的照片随之抹去", "a photo is erased on a tablet"),
    "shown": ("按需查看照片", "a picture is shown to who asks"),
    "not_shown": ("无权或未到的照片不显示", "a picture is not shown"),
    "swept_unfinished": ("清理没传完的照片", "unfinished uploads are cleared away"),
    "swept_unreferred": ("清理无人引用的照片", "photos that nothing names are cleared away"),
    "swept_strays": ("清理无主图片", "pictures that belong to no upload are cleared away"),
    "there": ("照片完整在服务器", "a photo is there at the end, byte for byte"),
    "hostile_nonsense": ("问题应用：上传的不是图片", "hostile app: what is no picture"),
    "hostile_broken": ("问题应用：残缺图片", "hostile app: a broken picture"),
    "hostile_other_bytes": ("问题应用：内容与校验值不符", "hostile app: another picture's hash"),
    "hostile_too_large": ("问题应用：照片过大", "hostile app: a photo that is too large"),
    "hostile_too_much": ("问题应用：多于申报", "hostile app: more than was announced"),
    "hostile_beyond": ("问题应用：跳过一段", "hostile app: a piece beyond the end"),
    "hostile_torn": ("问题应用：分段校验不符", "hostile app: a piece with a wrong checksum"),
    "hostile_into_anothers": ("问题应用：写入他人上传", "hostile app: a piece in another's upload"),
    "hostile_ends_anothers": ("问题应用：取消他人上传", "hostile app: ending another's upload"),
    "hostile_ends_finished": ("问题应用：取消已交清的", "hostile app: ending what is handed in"),
    "hostile_claims": ("问题应用：冒领他人照片", "hostile app: another's hash for its own record"),
    "hostile_unnamed": ("普通 tus 上传，不报名称", "plain tus, with neither hash nor record"),
    "hostile_bad_name": ("问题应用：以路径为名", "hostile app: a path for a name"),
    "hostile_old_tus": ("问题应用：旧版 tus", "hostile app: an older tus"),
    "hostile_no_token": ("问题应用：上传不带令牌", "hostile app: an upload without a token"),
}
"""What happens → what it is (zh, en)."""
