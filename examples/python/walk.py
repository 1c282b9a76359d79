"""Walks the gateway's REST contract as a server does, with Python's standard library alone.

    XKIT_URL=http://localhost:4000 XKIT_PUBLISHABLE_KEY=… XKIT_SECRET_KEY=… python3 walk.py ada

Makes the user known, says for each connector whether there is a token, pages through all connections, and then asks each operation that
only reads, and holds its answer against the OpenAPI document. No token is printed. The exit code is 1 where an answer is another one than
the document says.
"""

import base64
import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

URL = os.environ.get("XKIT_URL", "http://localhost:4000").rstrip("/")
TIMEOUT_SECONDS = 30


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """urllib sends the key along to wherever a redirect leads."""

    def redirect_request(self, *_):
        return None


opener = urllib.request.build_opener(NoRedirects)


def key_pair():
    pair = f"{os.environ['XKIT_PUBLISHABLE_KEY']}:{os.environ['XKIT_SECRET_KEY']}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def ask(method, path, body=None, authorization=None, **query):
    """The status and the JSON of an answer, be it a success or a failure."""
    address = URL + path + ("?" + urllib.parse.urlencode(query) if query else "")
    headers = {"accept": "application/json", "authorization": authorization or key_pair()}
    data = None
    if body is not None:
        headers["content-type"] = "application/json"
        data = json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, method=method, headers=headers)
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            return response.status, json.loads(response.read() or b"{}")
    except urllib.error.HTTPError as failure:
        if failure.code < 400:
            sys.exit(f"{URL} redirects: set XKIT_URL to the address that it redirects to.")
        return failure.code, json.loads(failure.read())


class ApiError(Exception):
    """A failure of the contract: a stable code, and one sentence."""

    def __init__(self, status, body):
        super().__init__(f"{status} {body['code']}: {body['error']}")
        self.code = body["code"]


def read(method, path, body=None, **query):
    status, answer = ask(method, path, body, **query)
    if status >= 400:
        raise ApiError(status, answer)
    return answer


def quote(text):
    return urllib.parse.quote(text, safe="")


def say_token(user, slug):
    """Whether there is a live token. `type` and `code` tell the answers apart."""
    connection = read("GET", f"/api/platform/users/{quote(user)}/connections/{quote(slug)}")["connection"]
    if connection["type"] == "connection" and connection["token_problem"] is None:
        authorization = connection["authorization"]
        return f"a {authorization['token_type']} token until {authorization['expires_at']}"
    problem = connection["token_problem"]
    link = problem.get("connector_url")
    return problem["code"] + (f", mended at {link}" if link else "")


def all_connections():
    """Every connection of the platform, page by page."""
    after = {}
    while True:
        page = read("GET", "/api/platform/connections", limit=100, **after)
        yield from page["connections"]
        if page["next"] is None:
            return
        after = {"after": page["next"]}


def resolve(document, node):
    while "$ref" in node:
        at = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            at = at[part]
        node = at
    return node


def json_type(value):
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    return kinds[type(value)]


def objections(document, schema, value, path="answer"):
    """Where a value is another one than its schema says: types, required members, the variants of a discriminator."""
    schema = resolve(document, schema)
    if "discriminator" in schema:
        tag = schema["discriminator"]["propertyName"]
        mapping = schema["discriminator"]["mapping"]
        if not isinstance(value, dict) or value.get(tag) not in mapping:
            return [f"{path}.{tag} is none of {', '.join(mapping)}"]
        return objections(document, {"$ref": mapping[value[tag]]}, value, path)
    if "anyOf" in schema:
        tried = [objections(document, option, value, path) for option in schema["anyOf"]]
        return [] if any(not found for found in tried) else min(tried, key=len)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and json_type(value) not in types:
        return [f"{path} is no {' or '.join(types)}"]
    if isinstance(value, list):
        return [one for at, item in enumerate(value) for one in objections(document, schema.get("items", {}), item, f"{path}[{at}]")]
    if not isinstance(value, dict):
        return []
    missing = [f"{path}.{name} is missing" for name in schema.get("required", []) if name not in value]
    members = schema.get("properties", {})
    return missing + [one for name in value if name in members for one in objections(document, members[name], value[name], f"{path}.{name}")]


def walk(document, values):
    """Asks each operation of servers that only reads. Answers how many there were, and what was wrong."""
    asked, wrong = 0, []
    for path, methods in document["paths"].items():
        operation = methods.get("get")
        if not operation or {"keyPair": []} not in operation["security"]:
            continue
        success = resolve(document, operation["responses"]["200"])
        if "application/json" not in success["content"]:
            continue
        for known in (values, {name: "no-such" for name in values}):
            filled = re.sub(r"\{(\w+)\}", lambda match: quote(known[match[1]]), path)
            status, answer = ask("GET", filled)
            asked += 1
            response = operation["responses"].get(str(status))
            if response is None:
                wrong.append(f"{operation['operationId']} answers {status}, which the document does not know")
                continue
            schema = resolve(document, response)["content"]["application/json"]["schema"]
            wrong += [f"{operation['operationId']} {status}: {one}" for one in objections(document, schema, answer)]
    return asked, wrong


def main(user):
    document = read("GET", "/api/openapi.json")
    provisioned = read("POST", "/api/platform/users", {"user": {"external_id": user}})
    print(f"{provisioned['user']['external_id']} can sign in until {provisioned['expires_at']}.")
    bearer = f"Bearer {provisioned['access_token']}"
    connectors = ask("GET", "/api/platform_user/connectors", authorization=bearer)[1]["connectors"]
    for connector in connectors:
        print(f"{connector['name']}: {say_token(user, connector['slug'])}")
    connections = list(all_connections())
    print(f"The platform has {len(connections)} connection{'' if len(connections) == 1 else 's'}.")
    own = [one for one in connections if one["owner"]["external_id"] == user]
    slug = connectors[0]["slug"] if connectors else "none"
    values = {"external_id": user, "external_user_id": user, "slug": slug, "id": own[0]["id"] if own else "none"}
    asked, wrong = walk(document, values)
    print(f"{asked} answers were held against the document.")
    for one in wrong:
        print(one, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: walk.py <user's id>")
    sys.exit(main(sys.argv[1]))
