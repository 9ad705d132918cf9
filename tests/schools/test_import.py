"""`schools import`: the register is merged into the directory, whatever a spreadsheet did to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aiguilleur.cli import main
from aiguilleur.schools import read_schools

V2023 = (
    "Identifiant_de_l_etablissement;Nom_etablissement;Type_etablissement;Code postal;Nom_commune;Code_departement;"
    "Code_academie;Telephone;Web;Mail;SIREN_SIRET;Libelle_academie;date_ouverture;etat"
)
V2026 = V2023.replace("Code postal", "Code_postal")
API = V2026.lower()
ROWS = (
    "0390001P;Collège Rochat;Collège;39220;Les Rousses;039;03;0384601234;https://clg-rochat-rousses.eclat-bfc.fr/;"
    "ce.0390001P@ac-besancon.fr;19390001100012;Besançon;1965-05-01;OUVERT",
    '0390002R;"Ecole élémentaire ""les Ormes""";Ecole;39100;Dole;039;03;03 84 72 00 00;;;21390198800016;Besançon;1965-05-01;OUVERT',
    "0250010A;Lycée d'Aix;Lycée;25000;Besançon;025;03;;http://autre.example;;;Besançon;1965-05-01;A FERMER",
    "0210001M;Collège Fermé;Collège;21000;Dijon;021;07;;;;;Dijon;1965-05-01;FERME",
    "0210002N;Inspection;Service Administratif;21000;Dijon;021;07;;;;;Dijon;1965-05-01;OUVERT",
    "0210003P;IME de Dijon;Médico-social;21000;Dijon;021;07;0380000000;;;;Dijon;1965-05-01;OUVERT",
)
HEAD = "etab;uai;name;kind;town;academy;phone;mail;educonnect_from;aten_until\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def register(*rows: str, header: str = V2026, encoding: str = "utf-8-sig", end: str = "\r\n") -> None:
    Path("annuaire.csv").write_bytes((end.join((header, *(rows or ROWS))) + end).encode(encoding))


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["schools", "import", "annuaire.csv", "--into", "schools.csv", *arguments])
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result


def written() -> list[str]:
    return Path("schools.csv").read_text(encoding="utf-8").splitlines()


IMPORTED = [
    "etab;uai;name;kind;town;academy;phone;mail",
    ";0250010A;Lycée d'Aix;lycée;Besançon;besancon;;",
    ';0390002R;"Ecole élémentaire ""les Ormes""";école;Dole;besancon;03 84 72 00 00;',
    ";0390001P;Collège Rochat;collège;Les Rousses;besancon;03 84 60 12 34;ce.0390001P@ac-besancon.fr",
    ";0210003P;IME de Dijon;médico-social;Dijon;dijon;03 80 00 00 00;",
]


@pytest.mark.parametrize("header", [V2023, V2026, API])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_each_vintage_and_encoding_gives_the_open_schools(header: str, encoding: str) -> None:
    register(header=header, encoding=encoding)

    assert (run().exit_code, written()) == (0, IMPORTED)


def test_what_a_spreadsheet_took_away_is_put_back() -> None:
    damaged = [
        row.replace("19390001100012", "1,93900E+13").replace("1965-05-01", "01/05/1965").replace(";03;0384", ";3;384")
        for row in ROWS
    ]
    register(*(row.replace(";039;", ";39;").replace(";025;", ";25;").replace(";03;", ";3;") for row in damaged))
    run("--department", "39")

    assert written() == [IMPORTED[0], IMPORTED[2], IMPORTED[3]]


def test_a_number_that_cannot_be_made_out_is_left_empty() -> None:
    register(*(row.replace("0384601234", "3,8460E+08") for row in ROWS))
    run("--kind", "collège")

    assert written()[1] == ";0390001P;Collège Rochat;collège;Les Rousses;besancon;;ce.0390001P@ac-besancon.fr"


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (("--academy", "dijon"), [4]),
        (("--academy", "Besançon", "--kind", "école", "--kind", "lycée"), [1, 2]),
        (("--department", "025", "--department", "21"), [1, 4]),
        (("--kind", "collège"), [3]),
    ],
)
def test_only_a_part_of_it_is_taken(arguments: tuple[str, ...], lines: list[int]) -> None:
    register()
    run(*arguments)

    assert written()[1:] == [IMPORTED[line] for line in lines]


def test_a_filter_that_nothing_fits_says_what_there_is() -> None:
    register()
    result = run("--academy", "lyon")

    assert result.exit_code == 1
    assert "no open school fits; académies in it: besancon, dijon" in result.output
    assert not Path("schools.csv").exists()


def test_the_label_is_taken_from_a_website_of_the_portal() -> None:
    register()
    run("--portal", "eclat-bfc.fr", "--kind", "collège")

    assert written()[1].startswith("clg-rochat-rousses;0390001P;Collège Rochat;")


def test_nothing_that_the_directory_says_is_lost() -> None:
    ours = (
        "# the pilots\n"
        'clg-rochat-rousses;0390001P;"Rochat ; le collège";collège;Les Rousses;besancon;03 84 00 00 00;;2021-02-01;2021-06-30\n'
        "\n"
        "  lyc-x ;;Lycée X;lycée;Morez;besancon;;;;\n"
    )
    Path("schools.csv").write_text("\ufeff" + HEAD + ours, encoding="utf-8")
    register()
    result = run()
    kept = Path("schools.csv").read_text(encoding="utf-8")

    assert kept.startswith(
        f"\ufeff{HEAD}# the pilots\n"
        'clg-rochat-rousses;0390001P;"Rochat ; le collège";collège;Les Rousses;besancon;03 84 00 00 00;'
        "ce.0390001P@ac-besancon.fr;2021-02-01;2021-06-30\n"
        "\n"
        "  lyc-x ;;Lycée X;lycée;Morez;besancon;;;;\n"
        ";0250010A;Lycée d'Aix;lycée;Besançon;besancon;;;;\n"
    )
    assert "clg-rochat-rousses: mail:  → ce.0390001P@ac-besancon.fr" in result.output
    assert "clg-rochat-rousses: name: Rochat ; le collège; there: Collège Rochat" in result.output


def test_refresh_takes_the_name_of_the_register_and_leaves_the_rest() -> None:
    Path("schools.csv").write_text(
        f"{HEAD}clg-a;0390001P;Ancien nom;collège;Ici;besancon;03 84 00 00 00;a@b.fr;2021-02-01;\n", encoding="utf-8"
    )
    register()
    run("--refresh", "--kind", "collège")

    assert (
        written()[1] == "clg-a;0390001P;Collège Rochat;collège;Les Rousses;besancon;03 84 00 00 00;a@b.fr;2021-02-01;"
    )


def test_a_school_without_its_uai_is_known_by_its_label_or_by_its_name_and_town() -> None:
    Path("schools.csv").write_text(
        f"{HEAD}clg-rochat-rousses;;Le collège;;;;;;;\nlyc-aix;;LYCEE D'AIX;;Besancon;;;;;\n", encoding="utf-8"
    )
    register()
    run("--portal", "eclat-bfc.fr", "--academy", "besancon")

    assert [line.split(";")[:2] for line in written()[1:]] == [
        ["clg-rochat-rousses", "0390001P"],
        ["lyc-aix", "0250010A"],
        ["", "0390002R"],
    ]


def test_two_schools_of_one_name_in_one_town_are_not_guessed() -> None:
    Path("schools.csv").write_text(f"{HEAD}lyc-aix;;Lycée d'Aix;;Besançon;;;;;\n", encoding="utf-8")
    twin = ROWS[2].replace("0250010A", "0250011B")
    register(ROWS[2], twin)
    run()

    assert written()[1] == "lyc-aix;;Lycée d'Aix;;Besançon;;;;;"
    assert len(written()) == 4


def test_columns_that_the_directory_lacks_are_added() -> None:
    Path("schools.csv").write_bytes(b"etab;uai;aten_until\r\nclg-a;0390001P;2021-06-30\r\n# end")
    register()
    run("--kind", "collège")

    assert Path("schools.csv").read_bytes().decode() == (
        "etab;uai;aten_until;name;kind;town;academy;phone;mail\r\n"
        "clg-a;0390001P;2021-06-30;Collège Rochat;collège;Les Rousses;besancon;03 84 60 12 34;ce.0390001P@ac-besancon.fr\r\n"
        "# end\r\n"
    )


def test_a_second_import_changes_nothing() -> None:
    register()
    run()
    once = Path("schools.csv").read_bytes()

    assert "schools.csv: 0 new, 0 changed, 0 gone and kept, 4 waiting" in run().output
    assert Path("schools.csv").read_bytes() == once


def test_a_school_that_is_gone_is_told_and_kept_within_the_part_that_the_file_covers() -> None:
    rows = "clg-gone;0390003S;Disparu;;;;;;;\nclg-far;0350001L;Ailleurs;;;;;;;\nclg-shut;0210001M;Fermé;;;;;;;\n"
    Path("schools.csv").write_text(HEAD + rows, encoding="utf-8")
    register()
    told = json.loads(run("--json").output)

    assert [row["etab"] for row in told["gone"]] == ["clg-gone", "clg-shut"]
    assert "clg-far;0350001L;Ailleurs;;;;;;;" in written()


def test_a_dry_run_writes_nothing_and_tells_the_same() -> None:
    register()
    dry = run("--dry-run").output

    assert not Path("schools.csv").exists()
    assert dry == run().output + "Nothing was written.\n"


def test_a_machine_is_told_all() -> None:
    register()
    told = json.loads(run("--json", "--academy", "dijon").output)

    assert told == {
        "written": True,
        "problems": [],
        "new": [
            {
                "etab": "",
                "uai": "0210003P",
                "name": "IME de Dijon",
                "kind": "médico-social",
                "town": "Dijon",
                "academy": "dijon",
                "phone": "03 80 00 00 00",
                "mail": "",
            }
        ],
        "gone": [],
        "waiting": told["new"],
        "changes": [],
    }


def test_rows_that_cannot_be_used_are_told_and_left_out() -> None:
    register(*ROWS, "0390009Z;X;Ecole;39100;Dole;039;03;;;;;Besançon;;OUVERT", "a;b", ROWS[0], "")
    result = run()

    assert result.exit_code == 0
    assert result.output.splitlines()[:2] == [
        "annuaire.csv:8:1: warning: uai: '0390009Z' is not a UAI: left out",
        "annuaire.csv:9:1: warning: 2 cells, but the header has 14: left out",
    ]
    assert written() == IMPORTED


def test_any_number_of_rows_may_be_left_out() -> None:
    register(*ROWS, *["a;b"] * 600)
    result = run()

    assert (result.exit_code, written()) == (0, IMPORTED)
    assert "annuaire.csv: warning: and 100 more problems" in result.output


def test_no_formula_comes_in() -> None:
    register(ROWS[1].replace('"Ecole élémentaire ""les Ormes"""', "=cmd|' /C calc'!A0").replace("Dole", "+@-Dole"))
    run()

    assert written()[1] == ";0390002R;cmd|' /C calc'!A0;école;Dole;besancon;03 84 72 00 00;"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (V2026.encode("utf-16"), "annuaire.csv:1:1: is UTF-16; save it again as « CSV UTF-8 »"),
        (f"{V2026}\nCollÃ¨ge".encode(), "annuaire.csv:2:5: its accents were broken by an earlier save"),
        (V2026.replace(";", ",").encode(), "annuaire.csv:1:1: is not the « annuaire de l'éducation », whose columns"),
        (b"etab;name\na;b\n", "annuaire.csv:1:1: is not the « annuaire de l'éducation », whose columns"),
        (f"{V2026};Mail\n".encode(), "annuaire.csv:1:192: column 'mail' is there twice"),
        (f'{V2026}\n"a'.encode(), "annuaire.csv:2:1: a quotation mark is opened and not closed"),
        (f"{V2026}\na\0".encode(), "annuaire.csv:2:2: holds a NUL or another control character"),
        (f"{V2026}\n\x81".encode("latin-1"), "annuaire.csv:2:1: holds letters that were lost"),
        (V2026.encode() + b"\n" * 300_000, "annuaire.csv:200001:1: has over 200000 lines"),
        (b"", "annuaire.csv:1:1: is not the « annuaire de l'éducation »"),
    ],
)
def test_a_file_that_is_not_the_register_changes_nothing(content: bytes, told: str) -> None:
    Path("schools.csv").write_text(HEAD, encoding="utf-8")
    Path("annuaire.csv").write_bytes(content)
    result = run()

    assert result.exit_code == 1
    assert result.output.splitlines()[0].startswith(told)
    assert result.output.splitlines()[-1] == "schools.csv is unchanged."
    assert Path("schools.csv").read_text(encoding="utf-8") == HEAD


def test_a_directory_with_a_slip_is_not_written_over() -> None:
    Path("schools.csv").write_text(f"{HEAD}www;;;;;;;;;\n", encoding="utf-8")
    register()
    result = run("--json")

    assert (result.exit_code, json.loads(result.output)["written"]) == (1, False)
    assert written()[1] == "www;;;;;;;;;"


def test_a_folder_that_cannot_be_written_is_told() -> None:
    register()
    result = CliRunner().invoke(main, ["schools", "import", "annuaire.csv", "--into", "none/schools.csv"])

    assert result.exit_code == 1
    assert "none/schools.csv: cannot be written: No such file or directory" in result.output


def test_the_file_is_replaced_in_one_step_and_keeps_its_rights(here: Path) -> None:
    (here / "real.csv").write_text(HEAD, encoding="utf-8")
    (here / "real.csv").chmod(0o640)
    (here / "schools.csv").symlink_to("real.csv")
    register()
    run()

    assert (here / "schools.csv").is_symlink()
    assert (here / "real.csv").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in here.iterdir()) == ["annuaire.csv", "real.csv", "schools.csv"]
    assert read_schools(here / "schools.csv", "x")[1] == ()
