"""Names that a SELECT gives, and uses again beside and in its conditions: what they stand for in their place.

DuckDB knows them from there on, and in WHERE and within sums too; Spark does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlglot import exp

ColumnsOf = Callable[[str], Sequence[str]]
"""The names of the columns of a table or view."""


def without_aliases(query: exp.Expr, columns_of: ColumnsOf) -> None:
    """Change `query` so that no SELECT of it uses a name that it gives; a column of its sources comes before one."""
    _Scope(columns_of, {}).visit(query)


class _Scope:
    """What names mean: `known` are the columns of each query of a WITH."""

    def __init__(self, columns_of: ColumnsOf, known: Mapping[str, Sequence[str]]) -> None:
        self._columns_of, self._known = columns_of, dict(known)

    def visit(self, query: exp.Expr) -> list[str]:
        """Change `query`, and say which columns it has."""
        if isinstance(query, exp.Subquery):
            return self.visit(query.this)
        inner = _Scope(self._columns_of, self._known)
        if (with_ := query.args.get("with_")) is not None:
            for each in with_.expressions:
                inner._known[each.alias] = inner.visit(each.this)
        if isinstance(query, exp.SetOperation):
            names = inner.visit(query.this)
            inner.visit(query.expression)
            return names
        if not isinstance(query, exp.Select):
            raise NotImplementedError(query.sql("duckdb"))
        return inner._select(query)

    def _select(self, select: exp.Select) -> list[str]:
        sources = dict(self._sources(select))
        taken = {name for names in sources.values() for name in names}
        for nested in _nested(select):
            self.visit(nested)
        given: dict[str, exp.Expr] = {}
        for each in select.expressions:
            if isinstance(each, exp.Column) and not each.table and each.name in given:
                each.replace(exp.alias_(each.copy(), each.name))
        for each in select.expressions:
            _replace(each, given)
            if isinstance(each, exp.Alias) and each.alias not in taken:
                given[each.alias] = each.this
        for clause in ("where", "having", "qualify"):
            if (condition := select.args.get(clause)) is not None:
                _replace(condition, given)
        return [name for each in select.expressions for name in _names(each, sources)]

    def _sources(self, select: exp.Select) -> Iterator[tuple[str, Sequence[str]]]:
        begin = select.args.get("from_")
        joins = select.args.get("joins") or ()
        for source in (*([begin.this] if begin is not None else ()), *(join.this for join in joins)):
            if isinstance(source, exp.Table):
                columns = self._known.get(source.name)
                yield source.alias_or_name, self._columns_of(source.name) if columns is None else columns
            else:
                yield source.alias_or_name, self.visit(source)


def _nested(select: exp.Select) -> Iterator[exp.Expr]:
    """The queries within the expressions of `select`, the outermost of each."""

    def is_query(node: exp.Expr) -> bool:
        return isinstance(node, exp.Query)

    clauses = [*select.expressions, *(select.args.get(name) for name in ("where", "having", "qualify", "group"))]
    for clause in clauses:
        if clause is not None:
            yield from (each for each in clause.walk(prune=is_query) if is_query(each))


def _replace(node: exp.Expr, given: Mapping[str, exp.Expr]) -> None:
    """Put what the names of `given` stand for in their place in `node`, but in no query within it."""
    for column in list(node.walk(prune=lambda each: isinstance(each, exp.Query))):
        if isinstance(column, exp.Column) and not column.table and (meant := given.get(column.name)) is not None:
            column.replace(exp.Paren(this=meant.copy()))


def _names(projection: exp.Expr, sources: Mapping[str, Sequence[str]]) -> Iterator[str]:
    star = projection.this if isinstance(projection, exp.Column) else projection
    if isinstance(projection, exp.Explode) and isinstance(projection.this, exp.Array):
        # A list of records, told apart into their fields.
        yield from (field.name for field in projection.this.expressions[0].expressions)
        return
    if not isinstance(star, exp.Star):
        yield projection.alias_or_name
        return
    of = [sources[projection.table]] if isinstance(projection, exp.Column) else sources.values()
    without = {each.name for each in star.args.get("except_") or ()}
    yield from (name for names in of for name in names if name not in without)
