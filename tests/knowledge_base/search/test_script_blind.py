"""Fourteen questions in any script, width, spelling or typing, and exactly the articles that answer them."""

import pytest

from knowledge_base.search.documents import Question
from tests.knowledge_base.search.conftest import article, found

ARTICLES = (
    article(1, "退款政策", "会员可在一个月内申请退款，三个工作日到账。", language="zh_Hans"),
    article(2, "會員與積分", "會員卡可以累積點數，點數可兌換飲料。", language="zh_Hant"),
    article(3, "派單與服務(wù)工單", "客服派單後，師傅會收到服務(wù)工單通知。", language="zh_Hant"),
    article(4, "保固壹個月", "自購買日起壹個月內免費維修，逾期酌收費用。", language="zh_Hant"),
    article(5, "Refunds and returns", "Refunds are paid within five working days.", language="en"),
    article(6, "門市營業時間", "壹號院門市每日九點開門；週一公休。", language="zh_Hant"),
)
QUESTIONS = {
    "退款": {1},
    "会员": {1, 2},
    "會員": {1, 2},
    "派单": {3},
    "派單": {3},
    "服務工單": {3},
    "服务工单": {3},
    "一个月": {1, 4},
    "壹個月": {1, 4},
    "refunds": {5},
    "refnud": {5},
    "ＲＥＦＵＮＤ": {5},
    "营业时间": {6},
    "积分": {2},
}


@pytest.fixture
def help_centre(engine):
    engine.apply(ARTICLES)
    return engine


@pytest.mark.parametrize(("words", "answers"), QUESTIONS.items(), ids=QUESTIONS)
def test_exactly_the_right_articles_answer(help_centre, words, answers):
    assert set(found(help_centre, words)) == answers


def test_a_name_with_the_financial_one_is_not_taken_for_a_number(help_centre):
    assert found(help_centre, "壹號院") == found(help_centre, "壹号院") == [6]
    assert help_centre.search(Question(words="一号院")).hits != help_centre.search(Question(words="壹号院")).hits
