import ssl

from sendwell.adapters.http.dial import default_tls


def test_tls_is_verified_and_at_least_1_2_by_default() -> None:
    context = default_tls()

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
