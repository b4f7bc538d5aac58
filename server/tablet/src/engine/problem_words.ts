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
  not_your_device: [true, "请求中的设备与令牌不符。", "The device named in the request is not the one that this token belongs to."],
  hand_in_only: [true, "此设备目前只能上交内容。请联系管理员。", "This device may only hand in work for now. Speak to an administrator."],
  device_too_old: [true, "应用版本过旧：内容可以上交，但要更新应用后才能接收。", "The app is too old to read from this server. Its work is taken; update it to receive."],
  too_large: [true, "请求过大，上限为 {limit} 字节。请分批发送。", "The request is too large: the limit is {limit} bytes. Send it in smaller parts."],
  not_a_picture: [true, "这不是能保存的照片（JPEG、PNG 或 WebP），没有收下。", "This is no photo that can be kept (JPEG, PNG or WebP); it was not kept."],
  too_many_uploads: [false, "这台设备今天上传的照片太多，请稍后再试；照片仍在本机。", "This device has sent too many photos today. Try again later; they stay on it."],
  no_room: [false, "服务器存储空间不足，暂不能收照片；照片仍在本机，稍后会再试。请告知管理员。", "The server has no room for photos now. Tell an administrator, and try again later."],
  on_its_way: [false, "照片还在路上，稍后再看。", "The photo is still on its way. Look again later."],
  server_error: [false, "服务器出错，内容可能已经收下。请稍后原样重发，不会重复。", "The server failed; the work may have been taken. Repeat it: nothing happens twice."],
  busy: [false, "服务器繁忙，请稍候原样重发。", "The server is busy. Repeat the request shortly."],
  bad_text: [true, "文字中含有无法保存的字符，请重新输入该项。", "The text holds a character that cannot be stored. Type this entry again."],
  unknown_type: [true, "服务器没有“{type}”这种记录。请更新应用后重新发送。", "This server knows no records of the type '{type}'. Update the app, then send it again."],
  unknown_kind: [true, "服务器不认识操作“{kind}”。", "This server knows no operation '{kind}'."],
  unknown_record: [true, "没有这条记录。", "There is no such record."],
  record_exists: [true, "这条记录已经存在。", "A record with this id exists already."],
  bad_value: [true, "“{label}”的值不正确：{zh}。", "The value of '{label}' is not right: {en}."],
  missing_field: [true, "缺少必填项“{label}”。", "The field '{label}' must be filled in."],
  deleted: [true, "这条记录已被删除。", "That record has been deleted."],
  nothing_to_undo: [true, "没有可撤销的内容：这一项已又有改动，或不能撤销。", "There is nothing to undo: it was changed again since, or it cannot be undone."],
/*
<!-- /words -->
*/
} as const satisfies Record<string, readonly [boolean, string, string]>;
