from addresses import zone


def test_home():
    assert zone("CH") == "home"


def test_abroad():
    assert zone("IS") == "abroad"
