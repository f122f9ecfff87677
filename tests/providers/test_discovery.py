import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from sendwell.providers import discovery


def test_knowing_the_vendors_imports_none_of_them() -> None:
    code = "import sys; from sendwell.providers import discovery; discovery.vendors(); "
    code += "print(*sys.modules)"

    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    imported = set(ran.stdout.split())
    assert "sendwell.providers.discovery" in imported
    assert not {"sendwell.providers.sms.twilio", "joserfc", "standardwebhooks"} & imported


def test_a_name_that_leads_to_another_vendor_is_refused() -> None:
    wrong = EntryPoint("acme", "sendwell.providers.sms.twilio:VENDOR", discovery.GROUP)

    with pytest.raises(TypeError, match="acme"):
        discovery.load(wrong)


def test_what_is_no_vendor_is_refused() -> None:
    wrong = EntryPoint("twilio", "sendwell.providers.sms.twilio:request", discovery.GROUP)

    with pytest.raises(TypeError, match="twilio"):
        discovery.load(wrong)
