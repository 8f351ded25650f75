"""Sources of the facts about opeai."""

from __future__ import annotations

from ...facts import assumed, documented, observed

GUIDE_BASIC = documented("seedance-2-0 series guide, basic information")
GUIDE_1 = documented("seedance-2-0 series guide, section 1 (request format)")
GUIDE_2 = documented("seedance-2-0 series guide, section 2 (fields)")
GUIDE_3 = documented("seedance-2-0 series guide, section 3 (basic limits)")
GUIDE_4 = documented("seedance-2-0 series guide, section 4 (create examples)")
GUIDE_5 = documented("seedance-2-0 series guide, section 5 (query)")
GUIDE_6 = documented("seedance-2-0 series guide, section 6 (download)")
GUIDE_7 = documented("seedance-2-0 series guide, section 7 (sizes)")
VENDOR_GET = observed("the vendor's page of its sibling endpoint: get task")
VENDOR_CONTENT = observed("the vendor's page of its sibling endpoint: get content")
VENDOR_CREATE = observed("the vendor's page of its sibling endpoint: create")
GATEWAY = observed("QuantumNous/new-api, gateway software of the same family")
ARK = observed("ByteDance Ark, the service behind: its documents and live captures")
CLIENT = observed("clients of the same family of gateways, public reports")
SDK = observed("requests of openai-python, openai-node and litellm")
LIKE_ARK = assumed("code and type as in the service behind (Ark), whose error object the vendor's 404 has")
NSFW = assumed("the guide lists the model and nothing more; assumed to be as seedance-2-0")
ASSUMED = assumed("the guide does not say; the likeliest reading")
COMMON = assumed("the guide calls its five roles the common ones; that there are no others is our reading")
SCHEME = assumed("the guide shows https:// only; http:// is accepted, and data: of images and sounds, as behind")
UNREACHABLE = assumed("a vendor's servers cannot reach such a host; when and how the order fails is not known")
LASTING = assumed("cache headers on completed content make sense only if it does not change")
