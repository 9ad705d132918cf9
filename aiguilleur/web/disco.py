"""The discovery service for SAML service providers: `/disco` tells them which identity provider to ask.

The protocol is OASIS' « Identity Provider Discovery Service Protocol and Profile » (CS01, 27 March 2008).
"""

from __future__ import annotations

import logging

from flask import Blueprint, Response, request
from msgspec.structs import replace
from werkzeug.datastructures import MultiDict

from aiguilleur.core.journey import Onward
from aiguilleur.errors import AiguilleurError
from aiguilleur.web import pages
from aiguilleur.web.route import arrive
from aiguilleur.web.service import service
from aiguilleur.web.wanted import wanted_of

_LOGGER = logging.getLogger("aiguilleur.web")
blueprint = Blueprint("disco", __name__)
#: The one policy that there is: one identity provider is chosen.
SINGLE = "urn:oasis:names:tc:SAML:profiles:SSO:idp-discovery-protocol:single"
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class QuestionError(AiguilleurError):
    """A question that cannot be answered; the message is ours and quotes nothing of it."""


@blueprint.get("/disco")
def disco() -> Response:
    """Answer a service provider by the rules, or let the visitor choose on the mire."""
    settings = service().settings
    if not settings.service_providers:
        return pages.not_found("page")
    try:
        onward, passive = onward_in(request.args), _is_passive(request.args)
    except QuestionError as error:
        return refused(error)
    wanted = wanted_of(request, settings.service_providers[onward.provider].target)
    return arrive(request, replace(wanted, page=None, choice=None, onward=onward, passive=passive))


def onward_in(args: MultiDict[str, str]) -> Onward:
    """Who asks, and where its metadata lets the answer go; raises QuestionError."""
    entity_id = _one(args, "entityID", "")
    provider = service().settings.service_providers.get(entity_id)
    if provider is None:
        raise QuestionError("entityID is no service provider of the configuration")
    if _one(args, "policy", SINGLE) != SINGLE:
        raise QuestionError("policy is not the one that there is")
    onward = Onward(entity_id, _one(args, "return", provider.addresses[0]), _one(args, "returnIDParam", "entityID"))
    if fault := provider.fault(onward.address, onward.param):
        raise QuestionError(fault)
    return onward


def refused(error: QuestionError) -> Response:
    """The page of a question that cannot be answered; the log says why, under its code."""
    response = pages.error(400, "disco")
    _LOGGER.warning("disco %s: %s", response.headers["Aiguilleur-Code"], error)
    return response


def _is_passive(args: MultiDict[str, str]) -> bool:
    said = _BOOLEANS.get(_one(args, "isPassive", "false"))
    if said is None:
        raise QuestionError("isPassive is neither true nor false")
    return said


def _one(args: MultiDict[str, str], name: str, default: str) -> str:
    """A parameter's one value: said in two ways, another reader of it would see another one."""
    values = args.getlist(name)
    if len(values) > 1:
        raise QuestionError(f"{name} is there twice")
    return values[0] if values else default
