"""Personal data taken out of a text: names, telephones, addresses, numbers of orders and papers, in Chinese and English."""

import re
from collections.abc import Iterable
from functools import partial

from kernel.i18n import ENGLISH, Language, LazyText, speaking
from kernel.i18n import lazy_text as _l

_NAME, _PHONE, _EMAIL, _NUMBER = _l("[name]"), _l("[phone]"), _l("[e-mail]"), _l("[number]")

# Every repetition below is bounded or begins at the edge of a word: a customer chooses the text, and how long it is.
_EMAIL_ADDRESS = re.compile(r"(?<![\w.+%-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)+", re.I)
_KEY = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.I)
# A year first is a date, and a date tells nobody who somebody is.
_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d[-/. ]?(?:0?[1-9]|1[0-2])[-/. ]?(?:0?[1-9]|[12]\d|3[01])(?!\d)", re.A)
_TELEPHONE = re.compile(r"(?<![\w.,])(?:\+|\(\+?)?\d[\d\-() ]{5,20}\d(?!\w|[.,]\d)", re.A)
# What follows such a word is a number of somebody's, whatever it looks like, as long as it has a figure in it.
_LABEL_ENGLISH = (
    r"(?:order|booking|reservation|invoice|reference|confirmation|membership|member|account|passport|tracking|ticket|card|wechat"
    r"|line)(?:[ \t]{1,3}(?:no|number|ref|reference|code|id)\b)?\.?"
)
_LABEL_CHINESE = (
    "(?:订单|訂單|预订|預訂|订房|訂房|发票|發票|会员|會員|确认|確認|护照|護照|身份证|身分證|快递|快遞|账|帳|卡|工单|工單|统一|統一|微信)"
    "证?(?:号码|號碼|编号|編號|代码|代碼|号|號)"
)
_NUMBERED = re.compile(
    rf"({_LABEL_ENGLISH}|{_LABEL_CHINESE})"
    r"(\s{0,3}(?:is|are|was|是|为|為)?\s{0,3}[:：#]?\s{0,3}#?\s{0,3})"
    r"(\d[\d -]{6,}\d|(?=[\w\-/]{3})[A-Za-z0-9][A-Za-z0-9_\-/]*\d[A-Za-z0-9_\-/]*|(?=[\w\-/]{3})\d[\w\-/]*)",
    re.I | re.A,
)
_CODE = re.compile(
    r"(?<![A-Za-z0-9])(?:#\d{4,}|[A-Z]{1,6}[-_]?\d{5,}[A-Z0-9]*|[A-Z]{2,6}(?:-[A-Z0-9]{1,12}){0,4}-\d{2,}[A-Z0-9\-]*)(?![A-Za-z0-9])"
)
_LONG_NUMBER = re.compile(r"(?<![\w.,])\d{6,}[Xx]?(?!\w|[.,]\d)", re.A)
# The commonest surnames, in both scripts: before 先生 or after 我叫 they begin a name.
_SURNAME = (
    "(?:欧阳|歐陽|司马|司馬|上官|诸葛|諸葛|[王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林罗羅高郑鄭梁谢謝宋唐许許邓鄧冯馮韩韓曹曾彭"
    "萧蕭肖蔡潘田董袁于余叶葉蒋蔣杜苏蘇魏程吕呂丁沈任姚卢盧傅钟鐘鍾姜崔谭譚廖范汪陆陸金石戴贾賈韦韋夏邱方侯邹鄒熊孟秦白江阎閻薛尹"
    "段雷黎史龙龍陶贺賀顾顧毛郝龚龔邵万萬钱錢严嚴覃武莫孔向汤湯])"
)
_TITLES = "先生|小姐|女士|太太|经理|經理|老师|老師|同学|同學|主任|总监|總監"
_BEFORE_NAMES = r"我叫|我是|姓名[:：]?\s{0,3}|名字[是叫:：]\s{0,3}|联系人[:：]?\s{0,3}|聯絡人[:：]?\s{0,3}|署名[:：]?\s{0,3}"
_TITLED = re.compile(rf"{_SURNAME}[\u4e00-\u9fff]{{0,2}}?(?={_TITLES})")
_INTRODUCED = re.compile(rf"((?:{_BEFORE_NAMES})){_SURNAME}[\u4e00-\u9fff]{{1,2}}(?![\u4e00-\u9fff])")
_ENGLISH_NAME = r"[A-Z][a-z'’]+(?:[- ][A-Z][a-z'’]+){0,2}"
_TITLED_ENGLISH = re.compile(rf"\b((?:Mr|Mrs|Ms|Miss|Dr|Prof)\.? ){_ENGLISH_NAME}")
_GREETED = re.compile(rf"(^|\n)((?:Dear|Hi|Hello|Hey) )(?!All|Team|Sir|Madam|There){_ENGLISH_NAME}(?=[,!.:\s]|$)")
_INTRODUCED_ENGLISH = re.compile(rf"\b((?:[Mm]y name is|[Tt]his is|[Nn]ame: ?) ?){_ENGLISH_NAME}")
_CLOSING = r"(?:[Kk]ind |[Bb]est |[Ww]arm )?(?:[Rr]egards|[Ww]ishes|Best|Thanks|Thank you|Cheers|Yours\s\w+|Sincerely)"
_SIGNED = re.compile(rf"((?:^|\n){_CLOSING},?[ \t]{{0,3}}\n\s{{0,5}}){_ENGLISH_NAME}")


def masked(text: str, *, names: Iterable[str] = (), exactly: Iterable[str] = (), language: Language = ENGLISH) -> str:
    """Return `text` with every person, telephone, mail address and number of somebody's replaced by a word in brackets.

    `names` are the people known to be in it: each goes as written, by its parts, and in Chinese by the given name alone;
    `exactly` are names of which only the whole goes, such as a firm's.  Other names go where the words around tell that they
    are names.  What it cannot know (a nickname, a street) stays: a person reads the text before anybody else does.  Dates,
    prices and small figures stay, because answers need them.
    """
    with speaking(language):
        for pattern, word in _NUMBERS:
            text = pattern.sub(partial(_replaced, word), text)
        for whole in sorted({*_whole(names), *_whole(exactly)}, key=len, reverse=True):
            text = _pattern_of(whole, re.I).sub(str(_NAME), text)
        for part in sorted(_parts(names), key=len, reverse=True):
            text = _pattern_of(part).sub(str(_NAME), text)
        for pattern, kept in _NAMES:
            text = pattern.sub("".join(rf"\g<{group}>" for group in range(1, kept + 1)) + str(_NAME), text)
        return re.sub(rf"(?:{re.escape(str(_NAME))}\s?)+(?={re.escape(str(_NAME))})", "", text)


_FEWEST_DIGITS = 7
_NUMBERS: tuple[tuple[re.Pattern[str], LazyText], ...] = (
    (_EMAIL_ADDRESS, _EMAIL),
    (_KEY, _NUMBER),
    (_NUMBERED, _NUMBER),
    (_CODE, _NUMBER),
    (_TELEPHONE, _PHONE),
    (_LONG_NUMBER, _NUMBER),
)
# Each with how many groups of it stand before the name.
_NAMES = ((_TITLED, 0), (_INTRODUCED, 1), (_TITLED_ENGLISH, 1), (_GREETED, 2), (_INTRODUCED_ENGLISH, 1), (_SIGNED, 1))


def _replaced(word: LazyText, found: re.Match[str]) -> str:
    """Return what stands in place of a number; a label before it stays, and so does what is no number but a date."""
    if found.re is _NUMBERED:
        return f"{found[1]}{found[2]}{word}"
    is_number = found.re in (_TELEPHONE, _LONG_NUMBER)
    is_short = found.re is _TELEPHONE and sum(letter.isdigit() for letter in found[0]) < _FEWEST_DIGITS
    return found[0] if is_short or (is_number and _DATE.search(found[0])) else str(word)


def _whole(names: Iterable[str]) -> set[str]:
    return {name for name in (" ".join(name.split()) for name in names) if len(name) > 1}


def _parts(names: Iterable[str]) -> set[str]:
    """Return what people call each other by: the parts of a Latin name, the given name of a Chinese one."""
    found = set()
    for name in _whole(names):
        found |= {part for part in name.split(" ") if len(part) > 1}
        if re.fullmatch(r"[\u4e00-\u9fff]{3,4}", name):
            found.add(name[-2:])
    return found


def _pattern_of(name: str, flags: int = 0) -> re.Pattern[str]:
    """A Latin name ends where its word ends, and Chinese may stand right beside it."""
    is_latin = not re.search(r"[\u3400-\u9fff]", name)
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])" if is_latin else re.escape(name), flags)
