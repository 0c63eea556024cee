import pytest

from shipping import shipping


def test_small_orders_pay():
    assert shipping(10) == 4


@pytest.mark.parametrize("total", [50, 51, 200])
def test_orders_of_fifty_and_more_are_sent_for_nothing(total):
    assert shipping(total) == 0
