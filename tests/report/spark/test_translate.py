"""A statement means in Spark's words what it means in DuckDB's."""

from __future__ import annotations

import duckdb
import pytest

sqlglot = pytest.importorskip("sqlglot", reason="needs sqlglot (pip install 'r1plan[spark]')")

from r1plan.report.spark.aliases import without_aliases  # noqa: E402
from r1plan.report.spark.translate import parsed, selects, spark_sql, tables_in  # noqa: E402

COLUMNS = {"t": ("a", "b"), "u": ("a", "start_us", "day")}


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("SELECT a + 1 AS c, c * 2 AS d, d + c AS e FROM t", id="beside it"),
        pytest.param("SELECT COALESCE(a, 0) + 100 AS a, a + 1 AS c FROM t", id="a column comes first"),
        pytest.param("SELECT a * 2 AS c FROM t WHERE c > 2", id="in a condition"),
        pytest.param("SELECT a > 1 AS c, sum(CASE WHEN c THEN b END) AS s FROM t GROUP BY ALL", id="within a sum"),
        pytest.param("WITH q AS (SELECT a + 1 AS b FROM t) SELECT *, b * 2 AS c, c + 1 AS d FROM q", id="of a with"),
        pytest.param("SELECT c FROM (SELECT b - a AS c, c AS d FROM t) AS q WHERE d > 8", id="in a query within"),
        pytest.param(
            "SELECT a + 1 AS c FROM t WHERE EXISTS (SELECT a AS c FROM u WHERE u.a = t.a AND c = 1)", id="exists"
        ),
        pytest.param("SELECT t.* EXCLUDE (b), a + 1 AS b, b AS c FROM t", id="a column that is left out"),
    ],
)
def test_a_name_is_what_it_stands_for(query: str) -> None:
    tree = parsed(query)
    without_aliases(tree, lambda name: COLUMNS[name])
    with duckdb.connect() as database:
        database.execute("CREATE TABLE t AS SELECT unnest([1, 2, 3, NULL]) AS a, unnest([10, 20, NULL, 5]) AS b")
        database.execute("CREATE TABLE u AS SELECT 1 AS a, 0 AS start_us, 'x' AS day")
        expected = set(database.execute(query).fetchall())
        assert set(database.execute(tree.sql("duckdb")).fetchall()) == expected
        assert expected


@pytest.mark.parametrize(
    ("query", "spark"),
    [
        ("SELECT a // 2 AS c FROM t", "SELECT a DIV 2 AS c FROM t"),
        ("SELECT b[1:7] AS c FROM t", "SELECT SUBSTRING(b, 1, ((7 - 1) + 1)) AS c FROM t"),
        (
            "SELECT tags ->> $tag FROM t",
            "SELECT TRY_ELEMENT_AT(FROM_JSON(tags, 'MAP<STRING, STRING>'), 'a/b~c') FROM t",
        ),
        ("SELECT p ->> '$.input' FROM t", "SELECT GET_JSON_OBJECT(p, '$.input') FROM t"),
        ("SELECT * REPLACE (1 AS a) FROM t", "SELECT * EXCEPT (a), 1 AS a FROM t"),
        ("SELECT count(DISTINCT (a, b)) FROM t", "SELECT COUNT(DISTINCT STRUCT(a, b)) FROM t"),
        ("SELECT a FROM t ORDER BY ALL", "SELECT a FROM t ORDER BY ALL NULLS LAST"),
        ("SELECT a FROM t WHERE b = $text", r"SELECT a FROM t WHERE b = 'it\'s \\ \"'"),
        ("SELECT a FROM t WHERE list_contains($list, b)", "SELECT a FROM t WHERE ARRAY_CONTAINS(ARRAY('x', 'y'), b)"),
    ],
)
def test_what_spark_says_otherwise(query: str, spark: str) -> None:
    values = {"tag": "/a~1b~0c", "text": "it's \\ \"", "list": ["x", "y"]}
    assert spark_sql(parsed(query), values, lambda name: COLUMNS[name]) == spark.replace(r"\"", '"')


def test_a_sum_that_is_wide_is_one_of_decimals() -> None:
    narrow, wide = (
        spark_sql(parsed("SELECT sum(a) AS s FROM t"), {}, lambda name: COLUMNS[name], is_wide=is_wide)
        for is_wide in (False, True)
    )
    assert narrow == "SELECT SUM(a) AS s FROM t"
    assert wide == "SELECT SUM((a) + CAST(0 AS DECIMAL(1, 0))) AS s FROM t"


def test_the_tables_of_a_statement_are_those_that_it_does_not_make_itself() -> None:
    statement = "CREATE TABLE made AS WITH own AS (SELECT * FROM t) SELECT * FROM own JOIN u USING (a)"
    assert tables_in(parsed(statement)) == {"t", "u"}


def test_a_union_by_name_is_told_apart_each_part_with_what_it_reads() -> None:
    query = (
        "WITH q AS (SELECT 1 AS a) SELECT a FROM q UNION ALL BY NAME SELECT a FROM q UNION ALL BY NAME SELECT 2 AS b"
    )
    parts = [each.sql("duckdb") for each in selects(parsed(query))]
    assert parts[:2] == ["WITH q AS (SELECT 1 AS a) SELECT a FROM q"] * 2
    assert len(parts) == 3
