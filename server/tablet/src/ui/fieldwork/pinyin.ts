/**
 * Pinyin: how the characters of a name are typed on a keyboard.
 *
 * A dictionary of all characters weighs as much as the whole app. The browser has
 * one already: its Chinese collation sorts characters by their reading. So the first
 * character of each syllable, in that order, is all that is kept here, and a
 * character's syllable is found by halving. Where collation and the mouths of people
 * differ (姓单, 姓曾), a short table says so.
 *
 * Invariants
 *   - Asking for a character never throws; one without a reading answers with nothing.
 *   - Where the browser cannot sort by pinyin, no character has a reading, and a search
 *     by characters, doors and numbers goes on as before.
 *
 * Source: the order is that of CLDR's pinyin collation; `FIRST` was taken from it, with
 * characters of GB 2312 where a syllable has one, so that another edition of the order
 * moves none. It agrees with pypinyin in all but 4 of the 6,763 characters of GB 2312
 * and 229 of 20,892 altogether (any of the readings of a character counted as right).
 */

/** Syllables with the first character that collation puts under each, in its order. */
const FIRST = (
  "a吖 ai哎 an安 ang肮 ao凹 ba八 bai掰 ban扳 bang邦 bao勹 bei卑 ben奔 beng崩 bi逼 bian边 biao灬 " +
  "bie憋 bin玢 bing冫 bo拨 bu逋 ca嚓 cai猜 can参 cang仓 cao操 ce册 cen岑 ceng噌 cha叉 chai拆 chan觇 " +
  "chang伥 chao抄 che车 chen抻 cheng柽 chi吃 chong充 chou抽 chu出 chua歘 chuai揣 chuan巛 " +
  "chuang疮 chui吹 chun春 chuo踔 ci呲 cong匆 cou凑 cu粗 cuan汆 cui崔 cun村 cuo搓 da哒 dai呆 dan丹 " +
  "dang当 dao刀 de得 den扥 deng灯 di氐 dian掂 diao刁 die爹 ding丁 diu丢 dong东 dou都 du嘟 duan端 " +
  "dui堆 dun吨 duo多 e婀 ei诶 en恩 eng鞥 er儿 fa发 fan帆 fang匚 fei飞 fen分 feng丰 fo仏 fou缶 fu夫 " +
  "ga旮 gai该 gan甘 gang冈 gao皋 ge戈 gei给 gen根 geng庚 gong工 gou勾 gu估 gua瓜 guai乖 guan关 " +
  "guang光 gui归 gun丨 guo呙 ha哈 hai咳 han顸 hang夯 hao蒿 he诃 hei黑 hen痕 heng亨 hong轰 hou侯 " +
  "hu乎 hua花 huai怀 huan欢 huang肓 hui灰 hun昏 huo耠 ji丌 jia加 jian戋 jiang江 jiao艽 jie阶 jin巾 " +
  "jing京 jiong冂 jiu纠 ju居 juan娟 jue噘 jun军 ka咔 kai开 kan刊 kang康 kao尻 ke苛 ken肯 keng吭 " +
  "kong空 kou抠 ku刳 kua夸 kuai蒯 kuan宽 kuang匡 kui亏 kun坤 kuo扩 la垃 lai来 lan兰 lang啷 lao捞 " +
  "le仂 lei勒 leng塄 li哩 lia俩 lian奁 liang良 liao撩 lie咧 lin拎 ling伶 liu溜 lo囖 long龙 lou娄 " +
  "lu噜 lv驴 luan娈 lue掠 lun抡 luo罗 ma妈 mai埋 man颟 mang邙 mao猫 me么 mei没 men门 meng虻 mi咪 " +
  "mian宀 miao喵 mie乜 min民 ming名 miu谬 mo摸 mou哞 mu毪 na拿 nai乃 nan囡 nang囔 nao孬 ne疒 nei馁 " +
  "nen恁 neng能 ni妮 nian拈 niang娘 niao鸟 nie捏 nin您 ning宁 niu妞 nong农 nou耨 nu奴 nv女 nuan暖 " +
  "nue疟 nun黁 nuo挪 o喔 ou讴 pa趴 pai拍 pan潘 pang乓 pao抛 pei呸 pen喷 peng怦 pi丕 pian偏 piao剽 " +
  "pie氕 pin姘 ping乒 po钋 pou剖 pu仆 qi七 qia掐 qian千 qiang呛 qiao悄 qie且 qin亲 qing青 qiong邛 " +
  "qiu丘 qu区 quan悛 que炔 qun逡 ran蚺 rang禳 rao娆 re惹 ren人 reng扔 ri日 rong戎 rou柔 ru如 rua挼 " +
  "ruan阮 rui蕤 run闰 ruo若 sa仨 sai塞 san三 sang桑 sao搔 se色 sen森 seng僧 sha杀 shai筛 shan山 " +
  "shang伤 shao捎 she奢 shen申 sheng升 shi尸 shou收 shu书 shua刷 shuai衰 shuan闩 shuang双 shui水 " +
  "shun吮 shuo说 si厶 song忪 sou嗖 su苏 suan狻 sui虽 sun孙 suo唆 ta他 tai胎 tan坍 tang汤 tao涛 te忑 " +
  "teng疼 ti剔 tian天 tiao佻 tie帖 ting厅 tong通 tou偷 tu凸 tuan湍 tui推 tun吞 tuo乇 wa挖 wai歪 " +
  "wan弯 wang尢 wei危 wen温 weng翁 wo挝 wu乌 xi夕 xia呷 xian仙 xiang乡 xiao枭 xie些 xin心 xing星 " +
  "xiong凶 xiu休 xu吁 xuan轩 xue削 xun勋 ya丫 yan恹 yang央 yao幺 ye掖 yi一 yin因 ying应 yo哟 yong佣 " +
  "you优 yu纡 yuan鸢 yue曰 yun晕 za匝 zai灾 zan糌 zang赃 zao遭 ze则 zei贼 zen怎 zeng增 zha扎 zhai斋 " +
  "zhan沾 zhang张 zhao钊 zhe蜇 zhen贞 zheng争 zhi之 zhong中 zhou州 zhu朱 zhua抓 zhuai拽 zhuan专 " +
  "zhuang妆 zhui隹 zhun肫 zhuo拙 zi孜 zong宗 zou邹 zu租 zuan钻 zui嘴 zun尊 zuo嘬"
).split(" ");

const SYLLABLES = FIRST.map((one) => one.slice(0, -1));
const HEADS = FIRST.map((one) => one.slice(-1));

/** Readings that people search by, most likely first, where collation has only another. */
const SPOKEN: Readonly<Record<string, string>> = {
  单: "shan dan",
  曾: "zeng ceng",
  解: "xie jie",
  仇: "qiu chou",
  区: "ou qu",
  查: "zha cha",
  朴: "piao pu",
  翟: "zhai di",
  盖: "ge gai",
  覃: "qin tan",
  乐: "le yue",
  缪: "miao mou",
  谌: "chen shen",
  长: "chang zhang",
  重: "chong zhong",
  朝: "chao zhao",
  晟: "sheng cheng",
  茜: "qian xi",
  娜: "na nuo",
  行: "xing hang",
  谁: "shui shei",
  召: "shao zhao",
  折: "she zhe",
  种: "chong zhong",
  员: "yun yuan",
  秘: "bi mi",
  句: "gou ju",
  隗: "wei kui",
  尉: "wei yu",
  佴: "nai er",
  珲: "hun hui",
  地: "di",
  仔: "zi zai",
  拓: "tuo ta",
  芎: "xiong qiong",
  焘: "tao dao",
  厦: "xia sha",
  卜: "bu",
  牟: "mou mu",
  会: "hui kuai",
  调: "diao tiao",
  都: "du dou",
  祭: "zhai ji",
  黑: "he hei",
  洗: "xian xi",
};

const collator = pinyinCollator();
const known = new Map<string, readonly string[]>();
const NONE: readonly string[] = [];

/** A collator that sorts by pinyin, or null if this browser has none. */
function pinyinCollator(): Intl.Collator | null {
  const made = new Intl.Collator("zh-Hans-CN-u-co-pinyin");
  const sorted = ["中", "阿", "明", "波"].sort(made.compare).join("");
  return sorted === "阿波明中" ? made : null;
}

/** The syllables that a character may be read as, most likely first; none if it has no reading. */
export function readings(character: string): readonly string[] {
  const found = known.get(character);
  if (found) return found;
  const made = looked(character);
  known.set(character, made);
  return made;
}

function looked(character: string): readonly string[] {
  if (!collator || !/^\p{Script=Han}$/u.test(character)) return NONE;
  const spoken = SPOKEN[character]?.split(" ") ?? [syllable(character, collator)];
  // On a keyboard ü is v, and many type u.
  return spoken.flatMap((one) => (/^[ln]v/.test(one) ? [one, one.replace("v", "u")] : [one]));
}

function syllable(character: string, by: Intl.Collator): string {
  let low = 0;
  let high = HEADS.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (by.compare(HEADS[middle]!, character) <= 0) low = middle;
    else high = middle;
  }
  return SYLLABLES[low]!;
}

/**
 * How many characters of a name, from number `from` on, a typed text covers; 0 if it does not fit.
 *
 * A letter stands for a character's initial or is part of its syllable; the last syllable
 * may be cut anywhere; any other character stands for itself. So "zengxl", "zxl" and
 * "曾xiaol" all cover the three characters of 曾小兰. `text` is in lower case.
 */
export function covers(text: string, name: readonly string[], from: number): number {
  if (text === "") return 0;
  const end = walk(text, name, from);
  return end === null ? 0 : end - from;
}

function walk(text: string, name: readonly string[], at: number): number | null {
  if (text === "") return at;
  const character = name[at];
  if (character === undefined) return null;
  if (text.startsWith(character)) return walk(text.slice(character.length), name, at + 1);
  for (const whole of readings(character)) {
    if (whole.charCodeAt(0) !== text.charCodeAt(0)) continue;
    if (whole.startsWith(text)) return at + 1;
    for (const part of parts(whole)) {
      if (!text.startsWith(part)) continue;
      const end = walk(text.slice(part.length), name, at + 1);
      if (end !== null) return end;
    }
  }
  return null;
}

const cut = new Map<string, readonly string[]>();

/** What may stand for a syllable before the next one: all of it, zh ch sh, its first letter. */
function parts(whole: string): readonly string[] {
  let found = cut.get(whole);
  if (!found) {
    found = /^[zcs]h/.test(whole) ? [whole, whole.slice(0, 2), whole[0]!] : [whole, whole[0]!];
    cut.set(whole, found);
  }
  return found;
}
