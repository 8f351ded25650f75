"""Sources of the facts about apimodels."""

from __future__ import annotations

from ...facts import assumed, documented, observed

PAGE = documented("apimodels.app, custom channel A: models and prices")
PAGE_MODES = documented("apimodels.app, custom channel A: mode table")
PAGE_FIELDS = documented("apimodels.app, custom channel A: field table")
PAGE_ASSETS = documented("apimodels.app, custom channel A: asset library")
PAGE_UPSCALE = documented("apimodels.app, custom channel A: video super-resolution")
SIBLINGS = observed("apimodels.app, pages of sibling models on the same two endpoints")
VENDOR_CLIENT = observed("stimQQ/apimodels-mcp and apimodels-skill, the vendor's own clients")
VENDOR_NOTES = observed("apimodels/awesome-seedance2.5-prompts, measured by the vendor 2026-08-08")
CLIENT = observed("moku-labs/ai and other clients of the same service")
ARK = observed("ByteDance Ark, the service behind: its documents and live captures")
STORAGE = observed("Cloudflare's documents on ranges; the vendor's clients say that results lie in its storage, R2")
LIKE_ARK = assumed("as in the service behind (Ark); the page does not say")
ASSUMED = assumed("the page does not say; the likeliest reading")
IN_EXAMPLES = assumed("the page marks no field as required; every example of this call carries it")
SCHEME = assumed("the page lists https:// and asset://; http:// is accepted, and data: of images and sounds, as behind")
UPSCALE_SCHEME = assumed("the page shows https:// only; http://, asset:// and data: are accepted as in other fields")
UNREACHABLE = assumed("a vendor's servers cannot reach such a host; whether the order is rejected at once is not known")
PASSWORD = assumed("the page does not say; a password in a URL would stand in every log, and posting with one is rare")
CALLBACK_SCHEME = assumed("sibling pages say that callbacks are posted by HTTP, and nothing of other URLs")
CALLBACK_BODY = assumed("sibling pages begin the body with code, msg, data, taskId and model, and say no more")
