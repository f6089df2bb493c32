"""ccxt's own clients, pointed at the loopback server and at nothing else."""

from urllib.parse import urlsplit


def aimed(name: str, url: str, **config):
    """ccxt's client `name` with every address moved to `url`, paths kept; no proxy, no waiting between requests."""
    import ccxt

    client = getattr(ccxt, name)({"rateLimit": 1, "timeout": 2000, **config})
    client.urls["api"] = _moved(client.urls["api"], url)
    client.session.trust_env = False
    return client


def _moved(addresses, url):
    if isinstance(addresses, dict):
        return {name: _moved(address, url) for name, address in addresses.items()}
    return url + urlsplit(addresses).path
