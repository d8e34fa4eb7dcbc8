"""The tests judge the platform on companies of their own."""

from pathlib import Path

import pytest

from tests.projects import ROOT


def test_a_test_that_opens_a_file_of_the_repositorys_company_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"^Pulumi\.yaml of the repository is not for tests"):
        (ROOT / "Pulumi.yaml").read_text()
    monkeypatch.chdir(ROOT)
    with pytest.raises(pytest.fail.Exception, match=r"^services/orders\.yaml of the repository is not for tests"):
        Path("services/orders.yaml").read_text()
    with pytest.raises(pytest.fail.Exception, match=r"^services/ of the repository is not for tests"):
        sorted(Path("services").glob("*.yaml"))
    (ROOT / "tests/company/Pulumi.yaml").read_text()
