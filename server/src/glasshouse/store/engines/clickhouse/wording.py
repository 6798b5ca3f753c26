"""Where ClickHouse says something else than DuckDB, beyond what sqlglot knows: a rule each.

A rule takes a node of the tree and gives the one that stands in its place. The few functions that
are macros in the embedded store (`store.order_of`) are here too.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlglot import exp

from glasshouse.store.engines.clickhouse import nesting
from glasshouse.store.engines.clickhouse.dialect import Dialect
from glasshouse.store.engines.clickhouse.nesting import call, kinds

Rule = Callable[[Any], exp.Expr]
RuleOfAge = Callable[[Any, Dialect], exp.Expr]


def rewritten(tree: exp.Expr, dialect: Dialect) -> exp.Expr:
    """The tree with every rule applied, inner nodes before outer ones."""
    if not dialect.names_queries:
        _put_in_place(tree)
    for node in reversed(list(tree.walk())):
        kind = type(node)
        if kind in RULES:
            new = RULES[kind](node)
        elif kind in RULES_OF_AGE:
            new = RULES_OF_AGE[kind](node, dialect)
        else:
            continue
        if node is tree:
            tree = new
        elif new is not node:
            node.replace(new)
    return _named(tree)


def _put_in_place(tree: exp.Expr) -> None:
    """Named queries, each where its name stands: for servers that know no `with`."""
    for query in list(tree.find_all(exp.Select)):
        with_ = query.args.get("with_")
        if with_ is None:
            continue
        query.set("with_", None)
        found = {each.alias: each.this for each in with_.expressions}
        while tables := [t for t in query.find_all(exp.Table) if not t.db and t.name in found]:
            for table in tables:
                inner = found[table.name].copy()
                table.replace(exp.Subquery(this=inner, alias=table.alias or table.name))


def _named(tree: exp.Expr) -> exp.Expr:
    """Columns of the answer are called as DuckDB calls them: by the column's own name."""
    if isinstance(tree, exp.Select):
        columns = [
            exp.alias_(column, column.name) if isinstance(column, exp.Column) else column
            for column in tree.expressions
        ]
        tree.set("expressions", columns)
    return tree


def _cast(node: exp.Cast, dialect: Dialect) -> exp.Expr:
    kind = node.to.this
    if kind == exp.DType.TEXT and not isinstance(node.this, exp.Null | exp.Placeholder):
        return _text(node.this)
    known = kinds(dialect)
    return _cast_to(node.this, f"Nullable({known[kind]})") if kind in known else node


def _cast_to(value: exp.Expr, type_: str) -> exp.Expr:
    return call("CAST", value, exp.Literal.string(type_))


def _text(value: exp.Expr) -> exp.Expr:
    """DuckDB writes 4.0 and 10:00:00 where ClickHouse writes 4 and 10:00:00.000000.

    The type is a constant to ClickHouse, so what is text already is not looked through.
    """
    text = _cast_to(value.copy(), "Nullable(String)")
    if isinstance(value, exp.Literal):
        return text

    def is_of(kind: str) -> exp.Expr:
        type_ = call("toTypeName", value.copy())
        return exp.Like(this=type_, expression=exp.Literal.string(f"%{kind}%"))

    def changed(pattern: str, to: str) -> exp.Expr:
        return call("replaceRegexpOne", text.copy(), *map(exp.Literal.string, (pattern, to)))

    whole_number = changed(r"^(-?[0-9]+)$", r"\1.0")
    whole_second = changed("[.]?0+$", "")
    return call("multiIf", is_of("Float64"), whole_number, is_of("DateTime64"), whole_second, text)


def _truncated(node: exp.DateTrunc | exp.TimestampTrunc, dialect: Dialect) -> exp.Expr:
    unit = node.args["unit"]
    if isinstance(unit, exp.Var | exp.Literal):
        unit = exp.Literal.string(unit.name.lower())
    if dialect.names_queries:
        return call("dateTrunc", unit, node.this)
    starts = [_cast_to(call(name, node.this.copy()), "Date") for name in ("toMonday", "toDate")]
    is_week, is_day = (exp.EQ(this=unit.copy(), expression=exp.Literal.string(name))
                       for name in ("week", "day"))  # fmt: skip
    return call("multiIf", is_week, starts[0], is_day, starts[1], call("toStartOfMonth", node.this))


def _between(node: exp.DateDiff) -> exp.Expr:
    unit = exp.Literal.string(node.args["unit"].name.lower())
    return call("dateDiff", unit, node.expression, node.this)


def _quantile(node: exp.Median | exp.PercentileCont) -> exp.Expr:
    """Exact, and between two values in the middle of them. Of nothing: null."""
    share = node.expression if isinstance(node, exp.PercentileCont) else exp.Literal.number("0.5")
    return exp.ParameterizedAgg(
        this="quantileExactInclusive", expressions=[share], params=[_nullable(node.this)]
    )


def _nullable(node: exp.Expr) -> exp.Expr:
    return call("toNullable", node)


def _of_nothing(node: exp.Max | exp.Min | exp.Sum) -> exp.Expr:
    """Of no rows these are null, not zero. In a group there is a row."""
    query = node.find_ancestor(exp.Select)
    if query is not None and query.args.get("group") is None:
        node.set("this", _nullable(node.this))
    return node


def _neighbour(node: exp.Lag | exp.Lead) -> exp.Expr:
    """Beyond the first row and the last is null, not zero."""
    return call("lag" if isinstance(node, exp.Lag) else "lead", _nullable(node.this))


def _count(node: exp.Count) -> exp.Expr:
    if isinstance(node.this, exp.Distinct):
        return call("uniqExact", *node.this.expressions)
    return node


def _anonymous(node: exp.Anonymous) -> exp.Expr:
    inner = node.expressions[0] if node.expressions else None
    if node.name == "bit_count" and isinstance(inner, exp.Anonymous):  # of a bitstring_agg
        return call("uniqExact", inner.expressions[0])
    if node.name == "bit_count":
        return call("bitCount", *node.expressions)
    if node.name == "to_json":  # views have the whole of an item's fields as JSON
        return inner or node
    return node


def _macro(node: exp.Dot) -> exp.Expr:
    found = node.expression
    if isinstance(found, exp.Anonymous) and found.name == "order_of":
        return exp.Tuple(expressions=found.expressions)
    return node


def _multiplied(node: exp.Mul) -> exp.Expr:
    """`3 * interval 1 day` is no product there."""
    interval = node.expression
    if isinstance(interval, exp.Interval):
        return exp.Interval(this=node.this, unit=interval.args["unit"])
    return node


def _part(node: exp.SplitPart) -> exp.Expr:
    """Of nothing it is the empty text, which the queries take for nothing."""
    given = call("ifNull", node.this, exp.Literal.string(""))
    parts = call("splitByString", node.args["delimiter"], given)
    return call("arrayElement", parts, node.args["part_index"])


def _with(node: exp.CTE) -> exp.Expr:
    node.set("materialized", None)
    return node


def _as(name: str, *arguments: str) -> Rule:
    """A function of another name, given these parts of the node."""
    return lambda node: call(name, *(node.args[argument] for argument in arguments))


RULES: Mapping[type[exp.Expr], Rule] = {
    exp.Anonymous: _anonymous,
    exp.BitwiseAnd: _as("bitAnd", "this", "expression"),
    exp.BitwiseLeftShift: _as("bitShiftLeft", "this", "expression"),
    exp.BitwiseRightShift: _as("bitShiftRight", "this", "expression"),
    exp.Boolean: lambda node: exp.Literal.number(int(node.this)),
    exp.CTE: _with,
    exp.Count: _count,
    exp.DateDiff: _between,
    exp.Dot: _macro,
    exp.Flatten: _as("arrayFlatten", "this"),
    exp.GenerateSeries: _as("range", "start", "end"),
    exp.Lag: _neighbour,
    exp.Lead: _neighbour,
    exp.Lower: _as("lowerUTF8", "this"),
    exp.MapKeys: nesting.names,
    exp.Max: _of_nothing,
    exp.Median: _quantile,
    exp.Min: _of_nothing,
    exp.Mul: _multiplied,
    exp.PercentileCont: _quantile,
    exp.SplitPart: _part,
    exp.Sum: _of_nothing,
    exp.Transform: nesting.each,
}
# What servers of different ages have different words for.
RULES_OF_AGE: Mapping[type[exp.Expr], RuleOfAge] = {
    exp.Cast: _cast,
    exp.DateTrunc: _truncated,
    exp.TimestampTrunc: _truncated,
    exp.TryCast: nesting.extracted,
}
