/** One notice in a list: its sentence, the record it is about, when it came. */

import type { View } from "../../../engine";
import { ListRow, Tag } from "../../components";
import { t } from "../../i18n";
import { useSession } from "../../session";
import { madeMs } from "./noticeWords";
import { moment } from "../../i18n/moments";
import { titleOfId } from "../../fieldwork/titles";

export function NoticeRow({ notice }: { notice: View }) {
  const { model } = useSession();
  const about = notice.text("about_record");
  const at = madeMs(notice);
  const parts = [about && titleOfId(about, model), at !== null && moment(at)];
  return (
    <ListRow
      icon={notice.get("read") === true ? "check" : "bell"}
      title={notice.text("text")}
      second={parts.filter(Boolean).join(" · ")}
      end={notice.get("read") === true ? undefined : <Tag tone="info">{t("notice.new")}</Tag>}
      href={`#/notice/${notice.id}`}
    />
  );
}
