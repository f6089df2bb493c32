"""What a venue says when it refuses: status, body and headers as the venues (or what stands before them) send them."""

import json

HTML = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
TITLES = {404: "404 Not Found", 500: "500 Internal Server Error", 502: "502 Bad Gateway",
          503: "503 Service Temporarily Unavailable"}
WALL = ("<!DOCTYPE HTML><HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY><H1>403 ERROR"
        "</H1><H2>The request could not be satisfied.</H2>The Amazon CloudFront distribution is configured to block "
        "access from your country.</BODY></HTML>")
TERMS = ("Service unavailable from a restricted location according to 'b. Eligibility' in "
         "https://www.binance.com/en/terms. Please contact customer service if you believe you received this message "
         "in error.")


def _limited(fault, path):
    wait = [("Retry-After", f"{fault.seconds:g}")]
    if path.startswith("/v5/"):
        body = {"retCode": 10006, "retMsg": "Too many visits. Exceeded the API Rate Limit.", "result": {},
                "retExtInfo": {}, "time": 0}
        return (fault.status or 429), json.dumps(body), wait
    if path.startswith("/api/v5/"):
        return 429, json.dumps({"code": "50011", "msg": "Too Many Requests", "data": []}), wait
    body = {"code": -1003, "msg": "Too many requests; current limit of IP(192.0.2.1) is 2400 requests per minute. "
                                  "Please use the websocket for live updates to avoid polling the API."}
    return 429, json.dumps(body), wait


def _banned(fault, path):
    body = {"code": -1003, "msg": "Way too many requests; IP(192.0.2.1) banned until 1704067200000. Please use the "
                                  "websocket for live updates to avoid bans."}
    return 418, json.dumps(body), [("Retry-After", f"{fault.seconds:g}")]


def _region(fault, path):
    if fault.status == 403:
        return 403, WALL, []
    return 451, json.dumps({"code": 0, "msg": TERMS}, indent=2), []


def _broken(fault, path):
    status = fault.status or 503
    return status, HTML.format(TITLES[status]), []


REFUSALS = {"limited": _limited, "banned": _banned, "region": _region, "broken": _broken}
