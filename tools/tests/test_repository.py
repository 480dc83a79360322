"""What pages and policies say of the repository itself is so."""

import json
import re
import shutil
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def files():
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            check=True, capture_output=True)
    return {name for name in listed.stdout.decode().split("\0") if name}


class Repository(unittest.TestCase):
    def test_no_page_points_to_what_is_not_there(self):
        known = files()
        folders = {str(parent) for name in known for parent in Path(name).parents}
        for name in sorted(name for name in known if name.endswith(".md")):
            text = re.sub(r"```.*?```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
            for target in re.findall(r"\]\(([^)\s]+)[^)]*\)|(?:src|href)=\"([^\"]+)\"", text):
                target = (target[0] or target[1]).partition("#")[0]
                if not target or "://" in target or target.startswith("mailto:"):
                    continue
                path = (ROOT / name).parent.joinpath(target).resolve()
                self.assertTrue(path.is_relative_to(ROOT), f"{name} points to {target}, out of the repository")
                path = str(path.relative_to(ROOT))
                self.assertTrue(path in known or path in folders, f"{name} points to {target}")

    def test_the_swarm_is_of_tcp_alone(self):
        """deny.toml passes over what is known of libp2p-dns and what it needs, since nothing calls it."""
        sources = [name for name in files() if name.endswith(".rs") and name.startswith(("node/", "cli/", "tests/"))]
        self.assertIn("node/src/network/swarm.rs", sources)
        calls = re.compile(r"with_dns|with_quic|with_websocket|libp2p::(dns|quic|websocket)|"
                           r"arc_malachitebft_network::(spawn|Config)|malachitebft_discovery|with_default_network|hickory")
        for name in sources:
            found = calls.search((ROOT / name).read_text(encoding="utf-8"))
            self.assertIsNone(found, f"{name}: {found}")

    def test_alarms_and_dashboard_ask_for_what_the_node_tells(self):
        page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
        told = set(re.findall(r"\b(?:luqi|process)_[a-z0-9_]+", page))
        rules = (ROOT / "deploy/luqi.rules.yml").read_text(encoding="utf-8")
        board = json.loads((ROOT / "deploy/luqi-dashboard.json").read_text(encoding="utf-8"))
        expressions = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
        expressions += re.findall(r"^ +expr: (.*)$", rules, re.MULTILINE)
        self.assertGreater(len(expressions), 30)
        for expression in expressions:
            for name in re.findall(r"\b(?:luqi|process)_[a-z0-9_]+", expression):
                name = re.sub(r"_(bucket|count|sum)$", "", name)
                self.assertIn(name, told, expression)
        for alarm in re.findall(r"alert: (\w+)", rules):
            self.assertIn(f"`{alarm}`", page)
        if shutil.which("promtool"):
            subprocess.run(["promtool", "check", "rules", ROOT / "deploy/luqi.rules.yml"], check=True,
                           capture_output=True)


if __name__ == "__main__":
    unittest.main()
