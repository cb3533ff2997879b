import threading

import pytest

from knowledge_base.search import analysis


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("會員卡餘額", "会员卡余额"),
        ("ＶＩＰ會員①", "vip会员1"),
        ("服務(wù)工單", "服务工单"),
        ("服務（wù）工單", "服务工单"),
        ("下載文件(PDF)", "下载文件(pdf)"),
        ("壹個月內退款", "一个月内退款"),
        ("第壹次到店", "第一次到店"),
        ("壹号院门店", "壹号院门店"),
        ("統壹、唯壹、壹般", "统一、唯一、一般"),
        ("貳拾壹元", "贰拾一元"),
        ("壹基金與壹號店", "壹基金与壹号店"),
        ("服務(wu)工單", "服务工单"),
        ("服務(fu wu)工單", "服务工单"),
        ("重(chong)置", "重置"),
        ("退款(ok)", "退款(ok)"),
        ("工單(ID)", "工单(id)"),
        ("Café ÜBER naïve", "cafe uber naive"),
        ("check\u00adin\u200b", "checkin"),
        ("guest’s", "guest's"),
        ("ガイド", "ガイド"),
    ],
)
def test_text_is_folded_to_one_form(written, folded):
    assert analysis.fold(written) == folded


def test_every_folded_character_knows_where_it_came_from():
    text = "服務(wù)①㎏工單"
    folded, offsets = analysis.fold_with_offsets(text)
    assert folded == "服务1kg工单"
    assert [text[at] for at in offsets] == list("服務①㎏㎏工單")


def test_chinese_becomes_pairs_and_english_becomes_stems_without_stop_words():
    assert analysis.terms("How do I 重置 my Passwords") == ["重置", "password"]
    assert analysis.terms("退款申請") == ["退款", "款申", "申请"]


def test_what_is_contracted_says_no_more_than_what_is_not():
    assert analysis.terms("I don't know what’s wrong, it can't and we've") == ["know", "wrong"]
    assert analysis.terms("the guest's room") == ["guest", "room"]


@pytest.mark.parametrize(
    ("verb", "noun"),
    [("respond", "response"), ("decide", "decision"), ("resolving", "resolutions"), ("permitted", "permission")],
)
def test_a_latin_verb_finds_its_noun(verb, noun):
    assert analysis.stem(verb) == analysis.stem(noun)
    assert analysis.stem("send") != analysis.stem("sense")


def test_a_hyphened_word_is_also_one_word():
    assert analysis.terms("Wi-Fi check-in") == ["wi", "fi", "wifi", "check", "checkin"]


def test_a_text_is_laid_out_a_sentence_a_line_its_small_words_last():
    text, length = analysis.laid_out("How do refunds work?\nVersion 2.5 is out. 退款吗？请问")
    assert text.split("\n") == [" refund  work  how  do ", " version  2  5  out  is ", " 退款吗 ", " 请问 "]
    assert length == 2 + 4 + 2 + 1


def test_small_words_are_those_that_say_nothing_by_themselves():
    assert analysis.small_words("Why didn’t MY card arrive? 为什么") == ["why", "didn't", "my"]
    assert analysis.small_words("refund policy") == []


def test_a_text_is_laid_out_so_that_its_tokens_can_be_counted():
    text, length = analysis.laid_out("退款 refunds, 卡 refund 退款")
    assert length == len(analysis.terms("退款 refunds, 卡 refund 退款")) == 5
    counts = {term: text.count(analysis.as_laid_out(term)) for term in ("退款", "refund", "卡", "款", "fund")}
    assert counts == {"退款": 2, "refund": 2, "卡": 1, "款": 0, "fund": 0}


@pytest.mark.parametrize(("text", "has"), [("where is it", True), ("怎么退款", True), ("refund times", False), ("退款", False)])
def test_a_sentence_has_words_that_say_nothing_by_themselves(text, has):
    assert analysis.has_function_words(text) is has


def test_a_lone_chinese_character_is_kept():
    assert analysis.terms("卡 card") == ["卡", "card"]


def test_single_characters_are_the_second_pass():
    assert analysis.characters("重置 password 碼") == ["重", "置", "码"]


def test_words_keep_their_spelling_for_the_vocabulary():
    assert analysis.words("The refunds were refunded") == ["refunds", "refunded"]


def test_a_title_can_be_typed_in_pinyin_from_any_of_its_characters():
    assert analysis.pinyin_keys("退款單號3")[:6] == ["tuikuandanhao3.", "tkdh3.", "kuandanhao3", "kdh3", "danhao3", "dh3"]
    assert analysis.pinyin_keys("No Chinese") == []


def test_a_character_with_two_readings_can_be_typed_as_either():
    assert {"chongzhi.", "zhongzhi.", "cz."} <= set(analysis.pinyin_keys("重置"))


def test_stems_are_the_same_from_all_threads():
    words = ["refunds", "bookings", "cancelled", "invoices"] * 50
    expected = [analysis.stem.__wrapped__(word) for word in words]
    found = []
    threads = [
        threading.Thread(target=lambda: found.append([analysis.stem.__wrapped__(word) for word in words])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


@pytest.mark.parametrize(
    ("language", "wanted", "distance"),
    [("zh_Hant", None, 0), ("zh_Hant", "zh_Hant", 0), ("zh_Hant", "zh_Hans", 1), ("en", "zh_Hans", 2)],
)
def test_the_other_script_is_nearer_than_another_language(language, wanted, distance):
    assert analysis.language_distance(language, wanted) == distance
