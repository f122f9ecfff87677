"""The HTTP port: one keep-alive HTTP/1.1 client, guarded where a URL is not the operator's own."""

from sendwell.adapters.http.client import HttpClient
from sendwell.adapters.http.fault import Code
from sendwell.adapters.http.limits import Limits
from sendwell.adapters.http.policy import Guarded, Policy, Resolve, Trusted

__all__ = ["Code", "Guarded", "HttpClient", "Limits", "Policy", "Resolve", "Trusted"]
