"""What of manifests may be shown: no value of a Secret, whoever wrote it and however."""

from __future__ import annotations

import base64
import json

import pytest

from holdfast.kube.emit import emit
from holdfast.kube.without_values import without_values

PEM = "-----BEGIN RSA PRIVATE KEY-----\nhidden\n-----END RSA PRIVATE KEY-----\n"
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "shop-env", "labels": {"app": "shop"}},
    "immutable": True,
    "stringData": {"APP_KEY": "hidden", "PASSPORT_PRIVATE_KEY": PEM, "REDIS_PASSWORD": "hidden"},
}
OTHER = "---\n# shown\nkind: ConfigMap\ndata:\n    A:   shown\n"


def test_a_secret_as_it_is_rendered():
    assert without_values(OTHER + emit([SECRET]) + OTHER) == (
        f"{OTHER}---\napiVersion: v1\nimmutable: true\nkind: Secret\nmetadata:\n  labels:\n"
        "    app: shop\n  name: shop-env\nstringData:\n  APP_KEY: ***\n"
        f"  PASSPORT_PRIVATE_KEY: ***\n  REDIS_PASSWORD: ***\n{OTHER}"
    )


VALUES = "data: {A: hidden}\n"
ONCE_IN_JSON = json.dumps({"kind": "Secret", "data": {"A": "hidden"}})
EDITED = {
    "a comment behind the kind": f"kind: Secret # mine\n{VALUES}",
    "quotes": f'"kind": "Secret"\n{VALUES}',
    "one quote": f"kind: 'Secret'\n{VALUES}",
    "an escape": f'kind: "\\x53ecret"\n{VALUES}',
    "blanks": f"kind:   Secret   \n{VALUES}",
    "a tag": f"kind: !!str Secret\n{VALUES}",
    "an alias": f"metadata: {{name: &k Secret}}\nkind: *k\n{VALUES}",
    "an anchor elsewhere": "x: &v hidden\nkind: Secret\ndata: {A: *v}\n",
    "JSON": ONCE_IN_JSON,
    "a text of several lines": "kind: Secret\ndata:\n    A: >-\n        hidden\n\n        hidden\n",
    "data that is none": "kind: Secret\nstringData: hidden\n",
    "comments": "kind: Secret\n# hidden\ndata: {A: x}  # hidden\n",
    "what kubectl keeps": "kind: Secret\nmetadata:\n  annotations:\n    last-applied: hidden\n",
    "a field of another shape": "kind: Secret\ntype: {x: hidden}\nkind2: hidden\n",
    "another field": "kind: Secret\nspec: hidden\n",
    "a list": "kind: List\nitems:\n- kind: Secret\n  data: {A: hidden}\n",
    "a list of Secrets": "kind: SecretList\nitems:\n- data: {A: hidden}\n",
    "a Secret in a text": f"kind: ConfigMap\ndata:\n  x: '{ONCE_IN_JSON}'\n",
    "a Secret in a text in a text": f"kind: ConfigMap\ndata:\n  x: '{json.dumps(ONCE_IN_JSON)}'\n",
    "a Secret in a comment": "kind: ConfigMap\n# kind: Secret\n# data: {A: hidden}\n",
    "only in a comment": "# kind: Secret\n# data: {A: hidden}\n",
    "a generator": "kind: Kustomization\nsecretGenerator:\n- literals: [A=hidden]\n",
    "a merge patch": "patches:\n- patch: |\n    kind: Secret\n    stringData: {A: hidden}\n",
    "a JSON patch": "patches:\n- patch: '[{value: hidden}]'\n  target: {kind: Secret}\n",
    "a JSON patch of a pattern": "patches:\n- patch: '[{value: hidden}]'\n  target: {kind: Se.*}\n",
    "a JSON patch of a name": "patches:\n- patch: '[{value: hidden}]'\n  target: {name: shop}\n",
    "two kinds": f"kind: Secret\n{VALUES}kind: ConfigMap\n",
    "no YAML": f"kind: Secret\n{VALUES}a: [\n",
    "a template": f"kind: Secret\n{{{{- if .Values.x }}}}\n{VALUES}{{{{- end }}}}\n",
    "a mark that kubectl does not take": f"a: 1\n--- hidden\nkind: Secret\n{VALUES}",
    "a PEM that ends the document": f"kind: Secret\nstringData:\n  A: |\n{PEM}",
    "behind the end": f"a: 1\n...\nkind: Secret\n{VALUES}",
    "no number": f"kind: Secret\nimmutable: .inf\n{VALUES}",
    "a control character": f"kind: Secret\n{VALUES}x: \x1b[0m\n",
    "no UTF-8": f"kind: Secret\n{VALUES}x: \udcff\n",
    "no manifest": "APP_KEY=hidden\n",
}


@pytest.mark.parametrize("text", EDITED.values(), ids=EDITED)
def test_what_somebody_made_of_it(text):
    shown = without_values(text)
    assert "hidden" not in shown
    assert "***" in shown


@pytest.mark.parametrize("text", ["a: [\n", "{{ x }}\n", "a: 1\na: 2\n"])
def test_of_what_cannot_be_read_nothing_is_shown(text):
    assert without_values(OTHER + "---\n" + text).startswith("*** not shown")


SHOWN = {
    "nothing": "",
    "a first line alone": "# Rendered by holdfast\n",
    "a reference": "kind: Gateway\ncertificateRefs:\n- {kind: Secret, name: shop-tls}\n",
    "a volume": "kind: Pod\nvolumes:\n- secret: {secretName: shop-env}\n",
    "an external one": "kind: ExternalSecret\nspec:\n  data:\n  - secretKey: A\n",
    "a text about one": "kind: ConfigMap\ndata:\n  A: of kind Secret\n",
    "a text with a reference": "kind: ConfigMap\na: 'kind: Secret, name: shop-tls'\n",
    "a patch": "patches:\n- patch: '[{value: 3}]'\n  target: {kind: Deployment}\n",
    "no document": "---\n---\n\n",
}


@pytest.mark.parametrize("text", SHOWN.values(), ids=SHOWN)
def test_what_holds_no_secret_is_shown_as_it_is(text):
    assert without_values(text) == text


def test_names_of_data_stay():
    data = {"A": base64.b64encode(b"hidden").decode()}
    shown = without_values(emit([{"kind": "Secret", "data": data, "type": "Opaque"}]))
    assert shown == "---\ndata:\n  A: ***\nkind: Secret\ntype: Opaque\n"
