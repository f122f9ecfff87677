"""Every `code` of a problem document, and what to do about it; the page /docs/errors."""

CODES: dict[str, str] = {
    "invalid": (
        "Something in the request is wrong, and will be wrong the next time. `errors` points at"
        " each field; correct them."
    ),
    "bad_request": (
        "The request cannot be understood as HTTP, or does not come to its end. Look at how your"
        " client builds it."
    ),
    "bad_schema": (
        "The JSON Schema of a template's data is no JSON Schema that is taken here. `detail` names"
        " the place."
    ),
    "template_error": (
        "A template cannot be compiled or rendered, or there are no words for the one channel that"
        " was named. `detail` names the line and what is wrong with it. Whether a template exists,"
        " and has words for a channel that rules choose, is seen only when the message is made: its"
        " delivery ends as a dead letter with the cause `template_error`."
    ),
    "missing_variable": "The template needs data that was not given; `errors` names it. Give it.",
    "data_mismatch": "The data does not fit the template or its schema; `errors` says where.",
    "content_too_large": (
        "There are more words, and data that goes with them, than the channel takes. Shorten them."
        " What a template makes is measured when the message is made: its delivery ends as a dead"
        " letter with this cause."
    ),
    "idempotency_key_reused": (
        "The idempotency key was used for another request. Use a new key, or send the same body."
    ),
    "still_running": (
        "A request with this idempotency key is still being stored. Send it again in a moment; the"
        " answer is the first one's."
    ),
    "denied": (
        "With 401 the API key is missing or not valid, or it is one of the sample where the sample"
        " does not run; with 403 whoever asks may not do this."
        " Without a key only this machine's own user may call, and only in sample mode."
    ),
    "not_authenticated": "Send your API key: `Authorization: Bearer sw_…`.",
    "not_allowed": "Who asks may not do this.",
    "not_found": (
        "There is no such thing, or it belongs to another tenant; the two are never told apart."
    ),
    "method_not_allowed": "The path exists, but not for this method; `Allow` lists those it takes.",
    "conflict": "It contradicts what is there already, such as a replay of what was replayed.",
    "tenant_exists": "There is an organization with this id. Take another.",
    "operator_exists": "This address has an operator in the organization. Change that one.",
    "last_owner": "An organization keeps at least one owner: appoint another first.",
    "key_ended": "The key was rotated or revoked before. Make a new one.",
    "template_exists": "There is a template with this code. Add a version to it instead.",
    "too_many_topics": "A tenant has at most 1,000 topics. Delete one that nobody needs.",
    "wrong_offset": (
        "The bytes of an import do not follow those that are stored. The header Upload-Offset says"
        " where to go on."
    ),
    "wrong_length": (
        "A file that is imported ends before, or after, the total_bytes that were told. Send the"
        " rest of it, or begin another import."
    ),
    "person_erased": (
        "The person was erased, and is not stored again by mistake. Only where they have asked to"
        " come back, store them with `?revive=true`; nothing of what was there comes back."
    ),
    "erasure_under_way": (
        "The person is being erased right now. Wait until `GET /api/v1/erasures/{erasure_id}` says"
        " that it is done."
    ),
    "precondition_failed": (
        "It is no longer what `If-Match` names: somebody has changed it. Read it again, then"
        " repeat your change on what you find."
    ),
    "too_large": "There is more of it than is taken; `detail` says how much is.",
    "unsupported_encoding": "Compressed bodies are not accepted. Send it plain.",
    "unsupported_media_type": "Send JSON, with `Content-Type: application/json`.",
    "unprocessable": "It was understood and cannot be done as it is.",
    "too_many_requests": "Too many requests. Wait as long as `Retry-After` says, in seconds.",
    "unavailable": (
        "It would be right, but not now: too many requests, or Sendwell is stopping. Wait as long"
        " as `Retry-After` says, in seconds, then send the same again."
    ),
    "internal_error": "A defect of Sendwell. Report it with the `X-Request-ID` of the answer.",
    "internal": "A defect of Sendwell. Report it with the `X-Request-ID` of the answer.",
    "error": "Something else; `detail` says what.",
}
