"""What a sentence means while a request waits for approval, or for how to reach the person. No database, no clock.

`listen` takes out what belongs to the open step; a sentence that brings nothing for it is a question like any other,
and the step stays open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.engine import slots as shapes
from assistant.engine import verification

APPROVE, CONTACT = "approve", "contact"

_STOP = re.compile(
    r"^(?:please |ok(?:ay)?,? |no,? )*(?:stop(?: (?:it|that|this|here))?|never ?mind|forget (?:it|that|about it)|abort|quit|"
    r"no|nope|no,? thanks?|no thank you|do(?: not|n't) (?:do (?:it|that|this)|approve(?: it| that| this)?|proceed|go on)|"
    r"leave it|i changed my mind)(?:[.! ]|please)*$"
)
# "cancel it" may mean the subscription or this request: the person says which.
_EITHER = re.compile(r"^(?:please |ok(?:ay)?,? |yes,? )*cancel(?: (?:it|that|this))?(?:[.! ]|please|now)*$")
_YES = re.compile(
    r"^(?:please |ok(?:ay)?,? |yes,? )*(?:yes|ok(?:ay)?|sure|go ahead|do it|proceed|confirm(?:ed)?|approved?|i approve(?: it| this)?|"
    r"looks good|correct|that(?:'s| is) (?:right|correct)|use (?:them|those|these|that|my profile|the same)|the same|same)"
    r"(?:[.! ]|please)*$"
)
_WHOLE = re.compile(
    r"\bcancel (?:it |them )?(?:all|both|entirely|completely|instead|the whole|everything)\b|\bcancel .*\binstead\b"
)
_FEWER = re.compile(
    r"\b(?:reduce|lower|keep|leave|retain|make it|change (?:it|that) to|down to|only|just|fewer|drop|remove|take away)\b"
)
_BY = re.compile(r"\b(?:by|remove|drop|take away)\s+(\d{1,7})\b")
_NUMBER = re.compile(r"(?<![\w.-])(\d{1,3}(?:,\d{3})+|\d{1,7})(?![\w.-]*\d)(?!-)")
_ASKS = re.compile(
    r"^(?:what|which|who|when|where|why|how|is|are|can|could|may|does|do|did|will|would|should|show|list|get|tell)\b"
)
_PHONE = re.compile(r"(?<![\w.])(\+?\(?\d[\d ()./-]{5,24}\d)(?:\s*(?:x|ext\.?)\s*\d{1,6})?(?![\w])")
_MAIL_SAID = re.compile(r"\be-?mail\b(?:\s+address)?(?:\s*(?:is|:|=)\s*|\s+)([^\s,;]+)", re.IGNORECASE)
_PHONE_SAID = re.compile(
    r"\b(?:phone|telephone|tel|mobile|cell|call me (?:at|on)|number)\b[.:]?(?:\s*(?:number|is|:|=|at|on))*\s*([+\d(][^,;]*)",
    re.IGNORECASE,
)
_GUID = re.compile(rf"\b{shapes.GUID}\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Brings:
    """What one sentence brings to the open step; `nothing` when it is about something else."""

    stop: bool = False
    either: bool = False  # "cancel it": this request, or the subscription?
    yes: bool = False
    code: str = ""
    email: str = ""
    phone: str = ""
    whole: bool = False  # a correction: cancel after all
    keep: int | None = None  # a correction: so many licenses stay
    less: int | None = None  # a correction: so many licenses go

    @property
    def nothing(self) -> bool:
        return self == Brings()


def listen(text: str, *, step: str) -> Brings:
    """`text` is cleaned. `step` is APPROVE or CONTACT."""
    low = text.casefold().strip()
    if _STOP.match(low):
        return Brings(stop=True)
    if _EITHER.match(low):
        return Brings(either=True)
    if _YES.match(low):
        return Brings(yes=True)
    without_ids = _GUID.sub(" ", text)
    code = verification.in_sentence(_without_contact(without_ids)) if step == APPROVE else ""
    asks = bool(_ASKS.match(low)) or "?" in text or "order" in low
    email, phone = contact_in(
        without_ids.replace(code, " ") if code else without_ids, alone=step == CONTACT and not asks
    )
    if code or email or phone:
        return Brings(code=code, email=email, phone=phone)
    if _GUID.search(text) or asks:
        return Brings()
    return _correction(low)


def contact_in(text: str, *, alone: bool = True) -> tuple[str, str]:
    """The address and the number in a sentence, unchecked, as typed. `alone`: digits without a word for them count."""
    mail = re.search(r"[^\s,;<>()\[\]\"']+@[^\s,;<>()\[\]\"']*", text)
    email = mail.group(0).strip(".!?:") if mail else ""
    if not email and (said := _MAIL_SAID.search(text)):
        email = said.group(1).strip(".!?:") if any(c in said.group(1) for c in ".@") else ""
    rest = text.replace(email, " ") if email else text
    if said := _PHONE_SAID.search(rest):
        number = re.match(r"[+\d() ./-]+(?:(?:x|ext\.?)\s*\d{1,6})?", said.group(1))
        return email, number.group(0).strip(" .,-/") if number else ""
    found = _PHONE.search(rest) if alone or email else None
    if found is None and (plus := re.search(r"(?<!\w)\+\d[\d ()./-]{4,24}\d", rest)):
        found = plus
    return email, found.group(0).strip(" .,") if found else ""


def _without_contact(text: str) -> str:
    """What is in an address or after a plus is no verification ID."""
    return re.sub(r"\S+@\S+|\+\d[\d ()./-]*", " ", text)


def _correction(low: str) -> Brings:
    if by := _BY.search(low):
        return Brings(less=int(by.group(1)))
    numbers = list(_NUMBER.finditer(re.sub(r"\b(?:microsoft|office|m|o|plan)\s?365\b|\bplan \d\b", " ", low)))
    number = numbers[0] if len(numbers) == 1 else None
    words = re.sub(r"[^a-z ]", " ", low).split()
    if number and (
        _FEWER.search(low)
        or set(words) <= {"no", "license", "licenses", "licence", "licences", "seats", "seat", "to", "please"}
    ):
        return Brings(keep=int(number.group(1).replace(",", "")))
    if _WHOLE.search(low):
        return Brings(whole=True)
    return Brings()
