"""The report's SQL, written for DuckDB, as Spark's: sqlglot's translation, and rules of our own for what it leaves."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp, parse_one

from r1plan.report.spark.aliases import ColumnsOf, without_aliases

# Time zones are whole quarters of an hour from UTC, so that a stretch of a day or an hour is some of them.
_QUARTER_US = 900_000_000
_DAY_US = 86_400_000_000


def parsed(statement: str) -> exp.Expr:
    """The one statement in `statement`, as DuckDB reads it."""
    return parse_one(statement, dialect="duckdb")


def tables_in(tree: exp.Expr) -> set[str]:
    """The tables and views that a statement reads: those of its own WITH are none."""
    own = {each.alias for each in tree.find_all(exp.CTE)}
    query = tree.expression if isinstance(tree, exp.Create) else tree
    return {each.name for each in query.find_all(exp.Table)} - own


def selects(query: exp.Expr) -> list[exp.Expr]:
    """The parts of a query whose rows stand together by the names of their columns: Spark's SQL has no such union."""
    if not isinstance(query, exp.Union) or not query.args.get("by_name"):
        return [query]
    parts = [*selects(query.this), *selects(query.expression)]
    if (with_ := query.args.get("with_")) is not None:
        for each in parts:
            each.set("with_", with_.copy())
    return parts


def is_sorted(query: exp.Expr) -> bool:
    """Whether such a union is in the order of all its columns, from the first on."""
    order = query.args.get("order")
    if order is not None and order.sql("duckdb").strip() != "ORDER BY ALL":
        raise NotImplementedError(order.sql("duckdb"))
    return order is not None


def spark_sql(query: exp.Expr, values: Mapping[str, object], columns_of: ColumnsOf, *, is_wide: bool = False) -> str:
    """`query`, which is changed, in Spark's words, with `values` in the place of its parameters.

    `is_wide`: sums of whole numbers have more than 64 bits.
    """
    _fill(query, values)
    for select in list(query.find_all(exp.Select)):
        _spell_out_replaced(select)
    without_aliases(query, columns_of)
    for join in list(query.find_all(exp.Join)):
        if join.method == "ASOF":
            _join_by_slot(join)
    query = query.transform(_word)
    if is_wide:
        query = query.transform(_widened)
    return str(query.sql("spark", comments=False))


def _fill(query: exp.Expr, values: Mapping[str, object]) -> None:
    for place in list(query.find_all(exp.Placeholder)):
        place.replace(_literal(values[place.name]))


def _literal(value: object) -> exp.Expr:
    if isinstance(value, (list, tuple)):
        return exp.Array(expressions=[_literal(each) for each in value])
    return exp.convert(value)


def _spell_out_replaced(select: exp.Select) -> None:
    """`* REPLACE (a AS b)` as `* EXCLUDE (b), a AS b`."""
    projections: list[exp.Expr] = []
    for each in select.expressions:
        star = each.this if isinstance(each, exp.Column) else each
        projections.append(each)
        if isinstance(star, exp.Star) and (replaced := star.args.get("replace")):
            star.set("replace", None)
            star.set("except_", [exp.column(alias.alias) for alias in replaced])
            projections += replaced
    select.set("expressions", projections)


def _join_by_slot(join: exp.Join) -> None:
    """`a ASOF JOIN b ON a.x >= b.y` as a join by the quarter of an hour, of stretches that end where one begins."""
    table, condition = join.this, join.args["on"]
    if not isinstance(table, exp.Table) or not isinstance(condition, exp.GTE) or join.side:
        raise NotImplementedError(join.sql("duckdb"))
    at, start = condition.this.sql("duckdb"), condition.expression
    name, begin = table.alias_or_name, start.name
    # The last one ends a day or two after it began: no request of the period is later.
    stretches = (
        f"SELECT *, lead(asof_start, 1, asof_start + {2 * _DAY_US}) OVER (ORDER BY asof_start) AS asof_until "
        f"FROM (SELECT *, CAST({begin} AS BIGINT) AS asof_start FROM {table.name})"
    )
    quarters = f"range({begin} // {_QUARTER_US}, (asof_until - 1) // {_QUARTER_US} + 1)"
    slots = parsed(f"SELECT *, unnest({quarters}) AS asof_slot FROM ({stretches})")
    join.set("this", exp.Subquery(this=slots, alias=exp.TableAlias(this=exp.to_identifier(name))))
    join.set("method", None)
    join.set(
        "on",
        parse_one(
            f"{at} // {_QUARTER_US} = {name}.asof_slot AND {condition.sql('duckdb')} AND {at} < {name}.asof_until",
            dialect="duckdb",
        ),
    )


def _word(node: exp.Expr) -> exp.Expr:
    """What sqlglot says otherwise, or not at all."""
    match node:
        case exp.JSONExtractScalar(this=column, expression=exp.Literal(is_string=True, this=str() as path)) if (
            path.startswith("/")
        ):
            return _tag(column, path)
        case exp.JSONExtractScalar(this=column, expression=exp.JSONPath() as path):
            return exp.func("get_json_object", column, exp.Literal.string(path.sql("duckdb").strip("'")))
        case exp.Explode(expressions=[*options]) if options:
            return exp.Anonymous(this="inline", expressions=[node.this])
        case exp.Bracket(this=text, expressions=[exp.Slice(this=first, expression=last)]):
            length = exp.Paren(this=exp.Sub(this=last, expression=first) + exp.Literal.number(1))
            return exp.func("substring", text, first, length)
        case exp.Join(kind="SEMI"):
            node.set("side", "LEFT")
        case exp.Distinct(expressions=[exp.Tuple(expressions=parts)]):
            # A tuple counts even where a part of it is NULL.
            return exp.Distinct(expressions=[exp.Struct(expressions=parts)])
        case exp.DataType(this=exp.DType.INT128):
            return exp.DataType.build("DECIMAL(38, 0)")
        case exp.Anonymous(this="printf"):
            return exp.Anonymous(this="format_string", expressions=node.expressions)
        case _:
            pass
    return node


def _tag(tags: exp.Expr, pointer: str) -> exp.Expr:
    """What stands in an object of JSON where `pointer` points, which is to one of its own keys."""
    name = pointer[1:].replace("~1", "/").replace("~0", "~")
    whole = exp.func("from_json", tags, exp.Literal.string("MAP<STRING, STRING>"))
    return exp.func("try_element_at", whole, exp.Literal.string(name))


def _widened(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Sum):
        zero = exp.cast(exp.Literal.number(0), "DECIMAL(1, 0)", dialect="duckdb")
        return exp.Sum(this=exp.Add(this=exp.Paren(this=node.this), expression=zero))
    return node
