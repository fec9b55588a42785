"""Makes a data folder for the tests of upgrades: python3 tests/upgrades/make.py PILOTFISH ARCHIVE

Run it with the program of a release, as it was released, and keep the archive for good as data-VERSION.tar.gz; the test
opens all that lie here. It holds an installation with a live survey, three people, a company, an answer, events in parts
(which takes five minutes: nothing is sealed before) and one event in the log only. made.json beside the data says which
keys there are and what was served: everything in it is made up, and of no use elsewhere.
"""

import json
import os
import ssl
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request

PORTS = {"edge": 18443, "api": 18445, "dashboard": 18444, "metrics": 19100}
PASSWORD = "correct horse battery staple"


class Installation:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.data = os.path.join(folder, "data")
        password = os.path.join(folder, "password")
        with open(password, "w") as file:
            file.write(PASSWORD + "\n")
        owner = ["--owner-email", "ana@example.org", "--password-file", password]
        self.made = json.loads(subprocess.check_output(self.command("init", "--json", *owner)))
        os.remove(password)

    def command(self, subcommand, *more):
        root_key = "file:" + os.path.join(self.folder, "keys", "root.key")
        return [self.program, subcommand, "--data", self.data, "--root-key", root_key, *more]

    def start(self):
        doors = [word for door, port in PORTS.items() for word in ("--" + door, f"127.0.0.1:{port}")]
        server = subprocess.Popen(self.command("serve", *doors), stdout=subprocess.PIPE, text=True)
        for line in server.stdout:
            if line.strip() == "ready":
                return server
        raise SystemExit("the server ended before it was ready")

    def ask(self, door, path, body=None):
        environment = self.made["environments"][0]
        key = environment["server_key"] if door == "edge" else self.made["api_key"]
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        if door == "api":
            headers["pilotfish-environment"] = environment["id"]
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"https://localhost:{PORTS[door]}{path}", data, headers)
        trusting = ssl.create_default_context(cafile=os.path.join(self.data, "tls", "ca.pem"))
        with urllib.request.urlopen(request, context=trusting) as answer:
            return answer.read()


def fill(it):
    question = {"id": "q1", "kind": "nps", "text": "How likely?"}
    why = {"id": "q2", "kind": "open_text", "text": "Why?"}
    survey = {"name": "Why", "definition": {"questions": [question, why]}}
    survey = json.loads(it.ask("api", "/api/v1/surveys", survey))["id"]
    it.ask("api", f"/api/v1/surveys/{survey}/publish", {})
    for number, name in enumerate(["ana", "ben", "eve"]):
        traits = {"email": f"{name}@customer.example", "plan": "pro" if number else "free"}
        it.ask("edge", "/v1/identify", {"userId": name, "traits": traits, "messageId": f"identify-{name}"})
        it.ask("edge", "/v1/group", {"userId": name, "groupId": "acme", "traits": {"seats": 12}, "messageId": f"group-{name}"})
    batch = [
        {
            "type": "track",
            "messageId": f"event-{number}",
            "userId": ["ana", "ben", "eve"][number % 3],
            "event": ["Invoice Sent", "Report Opened"][number % 2],
            "timestamp": f"2026-11-{number % 20 + 1:02}T10:00:00Z",
            "properties": {"amount": number, "currency": "EUR", "note": "call +49 30 901820"},
        }
        for number in range(120)
    ]
    it.ask("edge", "/v1/batch", {"batch": batch})
    answers = {"q1": 9, "q2": "ana@customer.example likes it"}
    answer = {"id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "content": survey, "version": 1, "answers": answers}
    it.ask("edge", "/v1/answers", {"userId": "ana", "complete": True, **answer})
    return survey


def sealed(data):
    return any(name.endswith(".part") for _, _, names in os.walk(os.path.join(data, "parts")) for name in names)


def main(program, archive):
    with tempfile.TemporaryDirectory() as folder:
        it = Installation(os.path.abspath(program), folder)
        server = it.start()
        try:
            survey = fill(it)
            files = json.loads(it.ask("edge", "/sdk/integrity.json"))
            while not sealed(it.data):
                time.sleep(5)
            late = {"userId": "ana", "event": "Report Opened", "messageId": "late", "timestamp": "2026-11-21T10:00:00Z"}
            it.ask("edge", "/v1/track", late)
        finally:
            server.terminate()
            server.wait()
        made = {"installation": it.made, "survey": survey, "sdk": files}
        with open(os.path.join(folder, "made.json"), "w") as file:
            json.dump(made, file, indent=1)
        with tarfile.open(archive, "w:gz") as packed:
            for name in ["data", "keys", "made.json"]:
                packed.add(os.path.join(folder, name), name)


main(*sys.argv[1:])
