"""Code tables: the values that choices and tags may take, with the words people read.

A code is stored and sent; the words are only shown. National codes keep the
standard's own numbers, so that data can be exchanged with other offices.

Sources
    * ``SEX``: GB/T 2261.1 (only male and female occur in a household register).
    * ``KINSHIP``: GB/T 4761-2008, relation to the householder.
    * ``ETHNIC``: GB/T 3304-1991, names of the ethnic groups; romanised as there.

>>> KINSHIP["10"], ETHNIC["15"]
(('配偶', 'Spouse'), ('土家族', 'Tujia'))
"""

from __future__ import annotations

from collections.abc import Mapping

from server.rules.roles import ROLES as _ROLES

__all__ = [
    "AREA",
    "BUILDING_KIND",
    "BUSINESS",
    "CARE",
    "CARE_LEVEL",
    "CONTROLLED",
    "ETHNIC",
    "HOUSING",
    "KINSHIP",
    "LANG",
    "ORDER_CLASS",
    "ORDER_KIND",
    "ORDER_SOURCE",
    "ORIGIN",
    "PURPOSE",
    "ROLES",
    "SEX",
    "UNIT_KIND",
]

Choices = Mapping[str, tuple[str, str]]

ROLES: Choices = {role: words for role, words in _ROLES.items() if role != "system"}
"""The roles of people. (``system`` is the server itself, and nobody signs in as it.)"""

LANG: Choices = {"zh": ("中文", "Chinese"), "en": ("英文", "English")}

SEX: Choices = {"1": ("男", "Male"), "2": ("女", "Female")}

HOUSING: Choices = {
    "owned": ("自有", "Owned"),
    "rented": ("租住", "Rented"),
    "public": ("公租房", "Public rental"),
    "resettlement": ("安置房", "Resettlement"),
    "vacant": ("空置", "Vacant"),
}

BUILDING_KIND: Choices = {
    "high_rise": ("高层住宅", "High-rise"),
    "old_compound": ("老旧小区", "Old compound"),
    "self_built": ("自建房", "Self-built"),
    "resettlement_site": ("安置点", "Resettlement site"),
    "public_rental": ("公租房", "Public rental"),
}

CARE_LEVEL: Choices = {
    "none": ("一般", "No regular visit"),
    "quarterly": ("每季度走访", "Quarterly"),
    "monthly": ("每月走访", "Monthly"),
    "weekly": ("每周走访", "Weekly"),
}

CARE: Choices = {
    "living_alone": ("独居老人", "Older person living alone"),
    "very_old": ("高龄", "Very old"),
    "left_behind_child": ("留守儿童", "Left-behind child"),
    "disabled": ("残疾人", "Disabled"),
    "subsistence_allowance": ("低保", "Subsistence allowance"),
    "bereaved": ("失独", "Bereaved of an only child"),
    "veteran": ("退役军人", "Veteran"),
    "unemployed": ("失业", "Unemployed"),
    "migrant": ("流动人口", "Migrant"),
    "party_member": ("党员", "Party member"),
    "volunteer": ("志愿者", "Volunteer"),
}

CONTROLLED: Choices = {
    "mental_illness": ("精神障碍", "Mental illness"),
    "petitioning": ("信访", "Petitioning"),
    "drug_rehabilitation": ("戒毒康复", "Drug rehabilitation"),
    "community_correction": ("社区矫正", "Community correction"),
    "released_prisoner": ("刑满释放", "Released prisoner"),
}

ORIGIN: Choices = {
    "survey": ("摸底登记", "Survey"),
    "visit": ("走访登记", "Home visit"),
    "import": ("批量导入", "Import"),
}

PURPOSE: Choices = {
    "routine": ("日常走访", "Routine"),
    "care": ("关怀走访", "Care visit"),
    "survey": ("信息核对", "Survey"),
    "follow_up": ("回访", "Follow-up"),
}

UNIT_KIND: Choices = {
    "department": ("职能部门", "Department"),
    "property": ("物业公司", "Property company"),
    "party": ("党组织", "Party branch"),
    "other": ("其他单位", "Other"),
}

ORDER_SOURCE: Choices = {
    "grid_worker": ("网格员上报", "Grid worker"),
    "resident": ("居民自报", "Resident"),
    "hotline": ("热线", "Hotline"),
    "meeting": ("会议", "Meeting"),
}

ORDER_KIND: Choices = {
    "consultation": ("咨询", "Consultation"),
    "request": ("办理", "Request for service"),
    "suggestion": ("建议", "Suggestion"),
    "report": ("举报", "Report"),
    "complaint": ("投诉", "Complaint"),
    "whistle": ("吹哨", "Whistle"),
}

ORDER_CLASS: Choices = {
    "ordinary": ("普通", "Ordinary"),
    "quick": ("快捷哨", "Quick"),
    "hard": ("攻坚哨", "Hard"),
    "emergency": ("应急哨", "Emergency"),
}

AREA: Choices = {
    "enforcement": ("综合执法", "Comprehensive enforcement"),
    "management": ("管理服务", "Management service"),
    "emergency": ("应急处置", "Emergency"),
}

BUSINESS: Choices = {
    "party_building": ("党建", "Party building"),
    "politics_law": ("政法综治", "Politics and law"),
    "petitions": ("信访", "Petitions"),
    "disputes": ("矛盾纠纷", "Disputes"),
    "public_security": ("公安", "Public security"),
    "fire": ("消防", "Fire safety"),
    "emergency": ("应急", "Emergencies"),
    "civil_affairs": ("民政", "Civil affairs"),
    "employment": ("就业社保", "Employment and social security"),
    "education": ("教育", "Education"),
    "health": ("卫生健康", "Health"),
    "medical_insurance": ("医保", "Medical insurance"),
    "veterans": ("退役军人", "Veterans"),
    "disability": ("残疾人", "Disability"),
    "housing": ("住房", "Housing"),
    "roads": ("道路", "Roads"),
    "transport": ("交通", "Transport"),
    "urban_order": ("市容秩序", "Urban order"),
    "market": ("市场监管", "Market regulation"),
    "land": ("自然资源", "Land"),
    "environment": ("生态环境", "Environment"),
    "drainage": ("排水", "Drainage"),
    "water": ("供水", "Water supply"),
    "power": ("供电", "Electricity"),
    "agriculture": ("农业农村", "Agriculture"),
    "resettlement": ("移民安置", "Resettlement"),
    "property": ("物业", "Property management"),
    "lifts": ("电梯", "Lifts"),
    "cleaning": ("保洁", "Cleaning"),
}
"""Lines of business on one net: what an order is about, and what a unit answers for."""

KINSHIP: Choices = {
    "01": ("本人", "Self"),
    "02": ("户主", "Householder"),
    "10": ("配偶", "Spouse"),
    "11": ("夫", "Husband"),
    "12": ("妻", "Wife"),
    "20": ("子", "Son"),
    "21": ("独生子", "Only son"),
    "22": ("长子", "Eldest son"),
    "23": ("次子", "Second son"),
    "24": ("三子", "Third son"),
    "25": ("四子", "Fourth son"),
    "26": ("五子", "Fifth son"),
    "27": ("养子或继子", "Adopted son or stepson"),
    "28": ("女婿", "Son-in-law"),
    "29": ("其他儿子", "Other son"),
    "30": ("女", "Daughter"),
    "31": ("独生女", "Only daughter"),
    "32": ("长女", "Eldest daughter"),
    "33": ("二女", "Second daughter"),
    "34": ("三女", "Third daughter"),
    "35": ("四女", "Fourth daughter"),
    "36": ("五女", "Fifth daughter"),
    "37": ("养女或继女", "Adopted daughter or stepdaughter"),
    "38": ("儿媳", "Daughter-in-law"),
    "39": ("其他女儿", "Other daughter"),
    "40": ("孙子、孙女或外孙子、外孙女", "Grandchild"),
    "41": ("孙子", "Son's son"),
    "42": ("孙女", "Son's daughter"),
    "43": ("外孙子", "Daughter's son"),
    "44": ("外孙女", "Daughter's daughter"),
    "45": ("孙媳妇或外孙媳妇", "Grandson's wife"),
    "46": ("孙女婿或外孙女婿", "Granddaughter's husband"),
    "47": ("曾孙子或曾外孙子", "Great-grandson"),
    "48": ("曾孙女或曾外孙女", "Great-granddaughter"),
    "49": ("其他孙辈", "Other grandchild"),
    "50": ("父母", "Parent"),
    "51": ("父亲", "Father"),
    "52": ("母亲", "Mother"),
    "53": ("公公", "Husband's father"),
    "54": ("婆婆", "Husband's mother"),
    "55": ("岳父", "Wife's father"),
    "56": ("岳母", "Wife's mother"),
    "57": ("继父或养父", "Stepfather or adoptive father"),
    "58": ("继母或养母", "Stepmother or adoptive mother"),
    "59": ("其他父母关系", "Other parent"),
    "60": ("祖父母或外祖父母", "Grandparent"),
    "61": ("祖父", "Father's father"),
    "62": ("祖母", "Father's mother"),
    "63": ("外祖父", "Mother's father"),
    "64": ("外祖母", "Mother's mother"),
    "65": ("配偶的祖父母或外祖父母", "Spouse's grandparent"),
    "66": ("曾祖父", "Great-grandfather"),
    "67": ("曾祖母", "Great-grandmother"),
    "68": ("配偶的曾祖父母或外曾祖父母", "Spouse's great-grandparent"),
    "69": ("其他祖父母或外祖父母关系", "Other grandparent"),
    "70": ("兄弟姐妹", "Sibling"),
    "71": ("兄", "Elder brother"),
    "72": ("嫂", "Elder brother's wife"),
    "73": ("弟", "Younger brother"),
    "74": ("弟媳", "Younger brother's wife"),
    "75": ("姐姐", "Elder sister"),
    "76": ("姐夫", "Elder sister's husband"),
    "77": ("妹妹", "Younger sister"),
    "78": ("妹夫", "Younger sister's husband"),
    "79": ("其他兄弟姐妹", "Other sibling"),
    "80": ("其他", "Other"),
    "81": ("伯父", "Father's elder brother"),
    "82": ("伯母", "Father's elder brother's wife"),
    "83": ("叔父", "Father's younger brother"),
    "84": ("婶母", "Father's younger brother's wife"),
    "85": ("舅父", "Mother's brother"),
    "86": ("舅母", "Mother's brother's wife"),
    "87": ("姨父", "Mother's sister's husband"),
    "88": ("姨母", "Mother's sister"),
    "89": ("姑父", "Father's sister's husband"),
    "90": ("姑母", "Father's sister"),
    "91": ("堂兄弟、堂姐妹", "Cousin on the father's side"),
    "92": ("表兄弟、表姐妹", "Other cousin"),
    "93": ("侄子", "Brother's son"),
    "94": ("侄女", "Brother's daughter"),
    "95": ("外甥", "Sister's son"),
    "96": ("外甥女", "Sister's daughter"),
    "97": ("其他亲属", "Other relative"),
    "99": ("非亲属", "Not related"),
}

ETHNIC: Choices = {
    "01": ("汉族", "Han"),
    "02": ("蒙古族", "Mongol"),
    "03": ("回族", "Hui"),
    "04": ("藏族", "Zang (Tibetan)"),
    "05": ("维吾尔族", "Uygur"),
    "06": ("苗族", "Miao"),
    "07": ("彝族", "Yi"),
    "08": ("壮族", "Zhuang"),
    "09": ("布依族", "Buyei (Bouyei)"),
    "10": ("朝鲜族", "Chosen (Korean)"),
    "11": ("满族", "Man (Manchu)"),
    "12": ("侗族", "Dong"),
    "13": ("瑶族", "Yao"),
    "14": ("白族", "Bai"),
    "15": ("土家族", "Tujia"),
    "16": ("哈尼族", "Hani"),
    "17": ("哈萨克族", "Kazak"),
    "18": ("傣族", "Dai"),
    "19": ("黎族", "Li"),
    "20": ("傈僳族", "Lisu"),
    "21": ("佤族", "Va"),
    "22": ("畲族", "She"),
    "23": ("高山族", "Gaoshan"),
    "24": ("拉祜族", "Lahu"),
    "25": ("水族", "Sui"),
    "26": ("东乡族", "Dongxiang"),
    "27": ("纳西族", "Naxi"),
    "28": ("景颇族", "Jingpo"),
    "29": ("柯尔克孜族", "Kirgiz"),
    "30": ("土族", "Tu"),
    "31": ("达斡尔族", "Daur"),
    "32": ("仫佬族", "Mulao"),
    "33": ("羌族", "Qiang"),
    "34": ("布朗族", "Blang"),
    "35": ("撒拉族", "Salar"),
    "36": ("毛南族", "Maonan"),
    "37": ("仡佬族", "Gelao"),
    "38": ("锡伯族", "Xibe"),
    "39": ("阿昌族", "Achang"),
    "40": ("普米族", "Pumi"),
    "41": ("塔吉克族", "Tajik"),
    "42": ("怒族", "Nu"),
    "43": ("乌孜别克族", "Uzbek"),
    "44": ("俄罗斯族", "Russ"),
    "45": ("鄂温克族", "Ewenki"),
    "46": ("德昂族", "Deang"),
    "47": ("保安族", "Bonan"),
    "48": ("裕固族", "Yugur"),
    "49": ("京族", "Gin"),
    "50": ("塔塔尔族", "Tatar"),
    "51": ("独龙族", "Derung"),
    "52": ("鄂伦春族", "Oroqen"),
    "53": ("赫哲族", "Hezhen"),
    "54": ("门巴族", "Monba"),
    "55": ("珞巴族", "Lhoba"),
    "56": ("基诺族", "Jino"),
    "97": ("其他", "Other"),
    "98": ("外国血统中国籍人士", "Chinese citizen of foreign descent"),
}
