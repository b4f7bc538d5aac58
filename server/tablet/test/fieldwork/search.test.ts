/** Finding people and doors while one types, and how long that takes among ten thousand. */

import { describe, expect, it } from "vitest";

import { covers, readings } from "../../src/ui/fieldwork/pinyin";
import { type Door, type Entry, readDoor, SearchIndex, walkingKey } from "../../src/ui/fieldwork/search";
import { quickestMs } from "../patience";

const door = (building: string, entrance: string, room: string): Door => ({
  compound: "文昌国际",
  building,
  entrance,
  room,
});
const person = (id: string, name: string, phone = "", household = "h"): Entry => ({
  id,
  kind: "resident",
  household,
  name,
  phone,
  door: door("1幢", "1单元", "101"),
});
const home = (id: string, name: string, at: Door): Entry => ({
  id,
  kind: "household",
  household: id,
  name,
  phone: "",
  door: at,
});

function index(...entries: Entry[]): SearchIndex {
  const made = new SearchIndex();
  for (const entry of entries) made.put(entry);
  return made;
}
const ids = (of: SearchIndex, text: string) => of.find(text).hits.map((hit) => hit.entry.id);

describe("pinyin", () => {
  it("reads the characters of common names", () => {
    const read = (name: string) => [...name].map((one) => readings(one)[0]).join(" ");
    expect(read("张伟王芳李娜刘洋陈静杨敏赵磊黄强周杰吴娟")).toBe(
      "zhang wei wang fang li na liu yang chen jing yang min zhao lei huang qiang zhou jie wu juan",
    );
    expect(read("龙腊梅石老满麻秀英覃世贵冉光荣")).toBe(
      "long la mei shi lao man ma xiu ying qin shi gui ran guang rong",
    );
  });

  it("knows how surnames are said that are read otherwise elsewhere", () => {
    expect([..."单曾解仇区查朴翟盖"].map((one) => readings(one)[0])).toEqual([
      "shan",
      "zeng",
      "xie",
      "qiu",
      "ou",
      "zha",
      "piao",
      "zhai",
      "ge",
    ]);
  });

  it("takes ü as v and as u", () => {
    expect(readings("吕")).toEqual(["lv", "lu"]);
    expect(readings("女")).toEqual(["nv", "nu"]);
  });

  it("gives no reading to what is no Chinese character", () => {
    expect(readings("a")).toEqual([]);
    expect(readings("·")).toEqual([]);
  });

  it("covers a name by initials, by syllables, by both, and by characters among letters", () => {
    const name = [..."曾小兰"];
    for (const typed of [
      "zxl",
      "zengxl",
      "zengxiaolan",
      "zengxiaol",
      "曾xl",
      "zx兰",
      "zengxiao兰",
    ]) {
      expect([typed, covers(typed, name, 0)]).toEqual([typed, 3]);
    }
    expect(covers("xiaolan", name, 1)).toBe(2);
    expect(covers("zeng", name, 0)).toBe(1);
    expect(covers("zl", name, 0)).toBe(0);
  });
});

describe("search", () => {
  it("finds by name, by pinyin, by initials and by part of the name", () => {
    const made = index(person("a", "曾小兰"), person("b", "杨秀英"));
    for (const typed of [
      "曾小兰",
      "小兰",
      "zxl",
      "zengxiaolan",
      "xiaolan",
      "xl",
      " ZXL ",
      "ｚｘｌ",
    ]) {
      expect([typed, ids(made, typed)]).toEqual([typed, ["a"]]);
    }
  });

  it("says which part of a name was found, so that it can be marked", () => {
    const made = index(person("a", "曾小兰"));
    expect(made.find("xl").hits[0]?.name).toEqual([[1, 3]]);
    expect(made.find("曾").hits[0]?.name).toEqual([[0, 1]]);
  });

  it("puts names that begin so before names that hold it", () => {
    const made = index(person("inside", "王李子"), person("start", "李王子"));
    expect(ids(made, "李")).toEqual(["start", "inside"]);
  });

  it("reads doors as people write them", () => {
    expect(readDoor("3-2-501")).toEqual(["3", "2", "501"]);
    expect(readDoor("3栋2单元501室")).toEqual(["3", "2", "501"]);
    expect(readDoor("3幢501")).toEqual(["3", null, "501"]);
    expect(readDoor("田桂芳")).toBeNull();
    const made = index(
      home("x", "石老满", door("3幢", "2单元", "501")),
      home("y", "麻秀英", door("3幢", "1单元", "501")),
      home("z", "龙腊梅", door("13幢", "2单元", "501")),
    );
    expect(ids(made, "3-2-501")).toEqual(["x"]);
    expect(ids(made, "3幢501")).toEqual(["y", "x"]);
  });

  it("takes digits as a room or as the end of a telephone number", () => {
    const made = index(
      home("room", "石老满", door("1幢", "1单元", "1203")),
      person("tail", "麻秀英", "13900001203"),
      person("other", "龙腊梅", "13900000000"),
    );
    expect(ids(made, "1203")).toEqual(["room", "tail"]);
    expect(made.find("1203").hits[1]?.phone).toEqual([[7, 11]]);
    expect(ids(made, "13900001203")).toEqual(["tail"]);
  });

  it("wants every word that was typed, each anywhere in the entry", () => {
    const made = index(
      home("a", "何仁清", door("1幢", "1单元", "101")),
      home("b", "何仁清", door("2幢", "1单元", "101")),
    );
    expect(ids(made, "何 2幢")).toEqual(["b"]);
    expect(ids(made, "何 9幢")).toEqual([]);
  });

  it("shows a householder once, as the person", () => {
    const at = door("1幢", "1单元", "101");
    const made = index(home("h", "何仁清", at), person("p", "何仁清", "", "h"));
    expect(ids(made, "hrq")).toEqual(["p"]);
    expect(ids(made, "1-1-101")).toEqual(["h"]);
  });

  it("forgets what was removed and shows what was changed", () => {
    const made = index(person("a", "曾小兰"));
    made.put(person("a", "曾晓兰"));
    expect(ids(made, "小")).toEqual([]);
    expect(ids(made, "晓")).toEqual(["a"]);
    made.remove("a");
    expect(made.size).toBe(0);
  });

  it("finds nothing for nothing, and survives any text", () => {
    const made = index(person("a", "曾小兰"));
    for (const typed of ["", "   ", "(", "\\", "*", "🙂", "zxlqq", "0"])
      expect(ids(made, typed)).toEqual([]);
  });

  it("puts 2 before 10 in walking order", () => {
    const keys = ["10幢", "2幢", "1幢"].map((one) => walkingKey(one, "1单元"));
    expect([...keys].sort()).toEqual([keys[2], keys[1], keys[0]]);
  });

  it("answers in under 50 ms among 10,000 people and 4,000 doors", () => {
    const surnames = [..."杨龙田石吴张李王刘陈罗冉麻滕"];
    const given = [..."秀英建国小兰光荣世贵腊梅志强桂芳正和仁清文武明珍"];
    const made = new SearchIndex();
    for (let n = 0; n < 10_000; n += 1) {
      const name = surnames[n % 14]! + given[n % 25]! + given[(n * 7) % 25]!;
      made.put(person(`p${n}`, name, String(13_900_000_000 + n), `h${n % 4000}`));
    }
    for (let n = 0; n < 4_000; n += 1) {
      made.put(home(`h${n}`, surnames[n % 14]! + "某某", door(`${n % 40}幢`, "1单元", String(n))));
    }
    const slowest = [
      "y",
      "yxy",
      "yangxiuying",
      "秀",
      "1203",
      "3-1-203",
      "zzzz",
      "文昌",
      "yang 3幢",
    ].map((typed) => [typed, quickestMs(() => made.find(typed))] as const);
    for (const [typed, took] of slowest) expect(took, typed).toBeLessThan(50);
  });
});
