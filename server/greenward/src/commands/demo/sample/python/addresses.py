"""Where orders go."""


def zone(country):
    """The zone that a country is in."""
    return "home" if country == "CH" else "abroad"
