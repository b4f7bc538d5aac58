/**
 * The contract's codes, in the words that a person reads: [definite, Chinese, English].
 *
 * They are those of `sync/errors.py` that a tablet meets, written here by `scripts/reference.py`.
 */
export const PROBLEMS = {
/*
<!-- words: made by scripts/reference.py -->
*/
  bad_request: [true, "请求缺少必要内容：{what}。", "The request lacks something it needs: {what}."],
  unsupported_protocol: [true, "服务器不支持此同步协议版本。请更新应用。", "This server does not speak that version of the protocol. Update the app."],
  no_token: [true, "缺少设备令牌。请重新登记设备。", "No device token was sent. Enrol this device."],
  token_unknown: [true, "设备令牌无效。请重新登记设备；未上传的内容仍在本机。", "This device token is not known. Enrol the device again; unsent work stays on it."],
  token_expired: [true, "设备令牌已过期，请刷新令牌后重试。", "The device token has expired. Refresh it, then repeat the request."],
  refresh_unknown: [true, "刷新令牌无效。请向管理员申请新的登记码。", "This refresh token is not known. Ask an administrator for a new enrolment code."],
  code_unknown: [true, "登记码不正确、已使用或已过期。请向管理员要一个新的。", "The enrolment code is wrong, used or out of date. Ask an administrator for a new one."],
  not_your_device: [true, "请求中的设备与令牌不符。", "The device named in the request is not the one that this token belongs to."],
  hand_in_only: [true, "此设备目前只能上交内容。请联系管理员。", "This device may only hand in work for now. Speak to an administrator."],
  device_too_old: [true, "应用版本过旧：内容可以上交，但要更新应用后才能接收。", "The app is too old to read from this server. Its work is taken; update it to receive."],
  too_large: [true, "请求过大，上限为 {limit} 字节。请分批发送。", "The request is too large: the limit is {limit} bytes. Send it in smaller parts."],
  tus_version: [true, "照片上传协议的版本不符，请更新应用。", "Photos are taken by tus 1.0.0. Update the app."],
  not_a_picture: [true, "这不是能保存的照片（JPEG、PNG 或 WebP），没有收下。", "This is no photo that can be kept (JPEG, PNG or WebP); it was not kept."],
  too_many_uploads: [false, "这台设备今天上传的照片太多，请稍后再试；照片仍在本机。", "This device has sent too many photos today. Try again later; they stay on it."],
  no_room: [false, "服务器存储空间不足，暂不能收照片；照片仍在本机，稍后会再试。请告知管理员。", "The server has no room for photos now. Tell an administrator, and try again later."],
  on_its_way: [false, "照片还在路上，稍后再看。", "The photo is still on its way. Look again later."],
  too_many_requests: [false, "请求过于频繁，请稍候再试。", "Too many requests. Wait a little, then try again."],
  server_error: [false, "服务器出错，内容可能已经收下。请稍后原样重发，不会重复。", "The server failed; the work may have been taken. Repeat it: nothing happens twice."],
  busy: [false, "服务器繁忙，请稍候原样重发。", "The server is busy. Repeat the request shortly."],
  not_your_stamp: [true, "这条操作带有别的设备的编号。", "This operation carries the stamp of another device."],
  stamp_ahead: [true, "这条操作的编号时间远在将来，已保存，等待管理员查看。", "This operation's stamp lies far in the future. An administrator will look at it."],
  bad_text: [true, "文字中含有无法保存的字符，请重新输入该项。", "The text holds a character that cannot be stored. Type this entry again."],
  unknown_type: [true, "服务器没有“{type}”这种记录。请更新应用后重新发送。", "This server knows no records of the type '{type}'. Update the app, then send it again."],
  unknown_kind: [true, "服务器不认识操作“{kind}”。", "This server knows no operation '{kind}'."],
  unknown_record: [true, "没有这条记录。", "There is no such record."],
  record_exists: [true, "这条记录已经存在。", "A record with this id exists already."],
  wrong_type: [true, "这条记录不是“{type}”。", "That record is not of the type '{type}'."],
  bad_value: [true, "“{label}”的值不正确：{zh}。", "The value of '{label}' is not right: {en}."],
  missing_field: [true, "缺少必填项“{label}”。", "The field '{label}' must be filled in."],
  needs: [true, "这条修改依据的内容还没有到达，已保存，到达后自动处理。", "What this change is based on is not here yet. It is kept, and applied when that comes."],
  depends_on_rejected: [true, "这条修改依据的内容未被接受，已一并保存等待处理。", "What this change is based on was not accepted. It is kept with it."],
  group: [true, "同组的另一条未能处理，这一条已保存，一并等待。", "Another change of its group was stopped. This one is kept, and waits with the group."],
  group_incomplete: [true, "同组的其他修改没有一起到达，已保存，等待其余部分。", "The other changes of its group did not come with this one. It is kept until they do."],
  out_of_scope: [true, "这条记录不在您负责的范围内。", "That record is not within what you are assigned to."],
  review: [true, "这条记录已不归您负责，修改已保存，等待管理员审核。", "That record is no longer assigned to you. The change is kept for an administrator."],
  not_allowed: [true, "您的岗位不能进行此操作。", "Your role may not make this change."],
  redacted: [true, "这一项的内容已依法抹去，您之前的修改不再保存。", "This was erased by request, and your earlier change to it is not kept."],
  deleted: [true, "这条记录已被删除。", "That record has been deleted."],
  concurrent: [true, "别人同时改了这一项。您的内容已保存，等待管理员决定。", "Somebody changed this at the same time. Your value is kept until a person decides."],
  already_set: [true, "这一项已登记过别的内容。您的内容已保存，等待管理员决定。", "This was recorded before with another value. Yours is kept until a person decides."],
  overtaken: [true, "别人先办了这一步，您的操作没有生效，已记录在案。", "Somebody took this step first; yours did not take effect and is on record."],
  deleted_and_edited: [true, "有人删除了这条记录，同时有人修改了它，等待管理员决定。", "This record was deleted and edited at the same time. A person will decide."],
  duplicate: [true, "已登记过同样的一条。两条都已保存，等待管理员确认是否为同一个。", "The same was recorded before. Both are kept; a person will say whether they are one."],
  no_such_transition: [true, "工单不能从“{source}”变为“{target}”。", "An order cannot go from '{source}' to '{target}'."],
  not_held: [true, "这条操作已不在等待。", "This operation no longer waits."],
  nothing_to_undo: [true, "没有可撤销的内容：这一项已又有改动，或不能撤销。", "There is nothing to undo: it was changed again since, or it cannot be undone."],
  conflict_unknown: [true, "没有这个冲突。", "There is no such conflict."],
  conflict_closed: [true, "这个冲突已经处理过了。", "This conflict has been settled already."],
/*
<!-- /words -->
*/
} as const satisfies Record<string, readonly [boolean, string, string]>;
