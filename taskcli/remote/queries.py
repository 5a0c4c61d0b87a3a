"""The query of a URL without its secrets; what may tell two URLs apart leaves a trace.

Patterns are compiled, and kept by `re`, where a URL with a query is met: no start waits for them.
"""

import re
from collections.abc import Callable
from hashlib import blake2b
from urllib.parse import quote, unquote_plus

# Who asks, and the proof of it: of URLs that differ in nothing else the object is one.
_CREDENTIAL = (
    r"(?i).*(passw|pwd).*|pass(code|phrase)?|pw"
    r"|(?!.*(page|next|continuation)).*token|token[-_.]?(id|key)"
    r"|sig|.*(signature|credentials?|secret([-_.]?key)?|jwt|bearer|hmac)|hdn(ts|ea)|expires"
    r"|auth([-_.]?key)?|authorization|(j|php)?sess(ion)?[-_.]?id|key-?pair-?id|x-(amz|goog|ms)-.*"
    r"|.*(api|access|account|auth|secret|private|subscription|signing|functions?)[-_.]?key"
    r"([-_.]?id)?"
)
_SIGNATURE = r"(?i)sig|.*signature"
# What else belongs to a signature: of CloudFront, Google and Tencent; of Azure, whose names are
# short enough to be other things where there is no `sig`.
_SIGNED = r"(?i)policy|googleaccessid|keyname|q-.*"
_SHARED_ACCESS = r"(?i)s[epvrti]|spr|sip|ss|srt|sk[estv]|skoid|sktid|s[au]oid|scid|sdd|ses"
# Names of secrets that are names of other things, too.
_DOUBTFUL = r"(?i)token|secret|credential|signature|session|jwt|bearer|hmac|^code$|key([-_.]?id)?$"
_SHOWN = r"(?is)hidden-[0-9a-f]{8}|.*\.[a-z][a-z0-9]{1,4}"


def harmless(query: str, url_shown: Callable[[str], str]) -> str:
    """A query that holds no secret, its other bytes as they are, and equal to itself once more.

    `url_shown` makes of a URL that a field holds what may be shown of it.
    """
    pieces = re.findall(r"(^|[&;])([^&;]*)", query)
    names = [unquote_plus(piece.partition("=")[0]) for _, piece in pieces]
    left_out = _left_out(names)
    kept = [
        (mark, _shown(name, piece, url_shown))
        for name, (mark, piece) in zip(names, pieces, strict=True)
        if not any(re.fullmatch(one, name) for one in left_out)
    ]
    return "".join(mark + piece for mark, piece in kept)[len(kept[0][0]) if kept else 0 :]


def _left_out(names: list[str]) -> list[str]:
    """What matches the names that are left out of a query with these."""
    found = [_CREDENTIAL]
    if any(re.fullmatch(_SIGNATURE, name) for name in names):
        found.append(_SIGNED)
    if any(name.lower() == "sig" for name in names):
        found.append(_SHARED_ACCESS)
    return found


def _shown(name: str, piece: str, url_shown: Callable[[str], str]) -> str:
    raw, _, value = piece.partition("=")
    plain = unquote_plus(value, errors="surrogateescape")
    if "://" in plain:
        shown = url_shown(plain)
        coded = quote(shown, safe="", errors="surrogateescape")
        return piece if shown == plain else f"{raw}={coded}"
    if plain and re.search(_DOUBTFUL, name) and not re.fullmatch(_SHOWN, plain):
        digest = blake2b(value.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
        return f"{raw}=hidden-{digest}"
    return piece
