"""Where ClickHouse says something else than DuckDB, beyond what sqlglot knows: a rule each.

A rule takes a node of the tree and gives the one that stands in its place. The few functions that
are macros in the embedded store (`store.order_of`) are here too. Lists, maps and groups are kept as
JSON text (`columns.py`), so what takes them apart reads JSON; `try_cast` says of which type.
"""

from collections.abc import Callable, Mapping

from sqlglot import exp

Rule = Callable[..., exp.Expr]


def rewritten(tree: exp.Expr) -> exp.Expr:
    """The tree with every rule applied, inner nodes before outer ones."""
    for node in reversed(list(tree.walk())):
        rule = RULES.get(type(node))
        if rule is None:
            continue
        new = rule(node)
        if node is tree:
            tree = new
        elif new is not node:
            node.replace(new)
    return _named(tree)


def _named(tree: exp.Expr) -> exp.Expr:
    """Columns of the answer are called as DuckDB calls them: by the column's own name."""
    if isinstance(tree, exp.Select):
        columns = [
            exp.alias_(column, column.name) if isinstance(column, exp.Column) else column
            for column in tree.expressions
        ]
        tree.set("expressions", columns)
    return tree


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _cast(node: exp.Cast) -> exp.Expr:
    kind = node.to.this
    if kind == exp.DType.TEXT and not isinstance(node.this, exp.Null | exp.Placeholder):
        return _text(node.this)
    if kind in KINDS:
        return _cast_to(node.this, f"Nullable({KINDS[kind]})")
    return node


KINDS = {
    exp.DType.TEXT: "String",
    exp.DType.BIGINT: "Int64",
    exp.DType.DOUBLE: "Float64",
    exp.DType.BOOLEAN: "Bool",
    exp.DType.DATE: "Date32",
    exp.DType.TIMESTAMPNTZ: "DateTime64(6, 'UTC')",
}


def _cast_to(value: exp.Expr, type_: str) -> exp.Expr:
    return _call("cast", value, exp.Literal.string(type_))


def _extracted(node: exp.TryCast) -> exp.Expr:
    """A list, or (written `try_cast(g.name as type)`) a member of a group's element."""
    type_ = _nested(node.to)
    if isinstance(node.this, exp.Dot):
        return _call("JSONExtract", *_member(node.this), exp.Literal.string(type_))
    return _call("JSONExtract", _given(node.this), exp.Literal.string(type_))


def _nested(type_: exp.DataType) -> str:
    if type_.this == exp.DType.ARRAY:
        return f"Array({_nested(type_.expressions[0])})"
    return f"Nullable({KINDS[type_.this]})" if type_.this in KINDS else "Map(String, Int64)"


def _member(node: exp.Dot) -> tuple[exp.Expr, exp.Expr]:
    return exp.column(node.this.copy()), exp.Literal.string(node.expression.name)


def _given(value: exp.Expr) -> exp.Expr:
    """What is not null, as JSON is read of nothing else; rows of nulls are left out beside it."""
    return _call("assumeNotNull", value)


def _names(node: exp.MapKeys) -> exp.Expr:
    if isinstance(node.this, exp.Dot):
        return _call("JSONExtractKeys", *_member(node.this))
    return _call("JSONExtractKeys", _given(node.this))


def _each(node: exp.Transform) -> exp.Expr:
    return _call("arrayMap", node.expression, _call("JSONExtractArrayRaw", _given(node.this)))


def _text(value: exp.Expr) -> exp.Expr:
    """DuckDB writes 4.0 and 10:00:00 where ClickHouse writes 4 and 10:00:00.000000.

    The type is a constant to ClickHouse, so what is text already is not looked through.
    """
    text = _cast_to(value.copy(), "Nullable(String)")
    if isinstance(value, exp.Literal):
        return text
    type_ = _call("toTypeName", value)
    return _call(
        "multiIf",
        exp.Like(this=type_.copy(), expression=exp.Literal.string("%Float64%")),
        _call(
            "replaceRegexpOne", text.copy(), *map(exp.Literal.string, (r"^(-?[0-9]+)$", r"\1.0"))
        ),
        exp.Like(this=type_, expression=exp.Literal.string("%DateTime64%")),
        _call("replaceRegexpOne", text.copy(), *map(exp.Literal.string, ("[.]?0+$", ""))),
        text,
    )


def _truncated(node: exp.TimestampTrunc) -> exp.Expr:
    unit = node.args["unit"]
    if isinstance(unit, exp.Var):
        unit = exp.Literal.string(unit.name.lower())
    return _call("dateTrunc", unit, node.this)


def _between(node: exp.DateDiff) -> exp.Expr:
    unit = exp.Literal.string(node.args["unit"].name.lower())
    return _call("dateDiff", unit, node.expression, node.this)


def _quantile(node: exp.Median | exp.PercentileCont) -> exp.Expr:
    """Exact, and between two values in the middle of them. Of nothing: null."""
    share = node.expression if isinstance(node, exp.PercentileCont) else exp.Literal.number("0.5")
    return exp.ParameterizedAgg(
        this="quantileExactInclusive", expressions=[share], params=[_nullable(node.this)]
    )


def _nullable(node: exp.Expr) -> exp.Expr:
    return _call("toNullable", node)


def _of_nothing(node: exp.Max | exp.Min | exp.Sum) -> exp.Expr:
    """Of no rows these are null, not zero. In a group there is a row."""
    query = node.find_ancestor(exp.Select)
    if query is not None and query.args.get("group") is None:
        node.set("this", _nullable(node.this))
    return node


def _neighbour(node: exp.Lag | exp.Lead) -> exp.Expr:
    """Beyond the first row and the last is null, not zero."""
    return _call("lag" if isinstance(node, exp.Lag) else "lead", _nullable(node.this))


def _count(node: exp.Count) -> exp.Expr:
    if isinstance(node.this, exp.Distinct):
        return _call("uniqExact", *node.this.expressions)
    return node


def _anonymous(node: exp.Anonymous) -> exp.Expr:
    inner = node.expressions[0] if node.expressions else None
    if node.name == "bit_count" and isinstance(inner, exp.Anonymous):  # of a bitstring_agg
        return _call("uniqExact", inner.expressions[0])
    if node.name == "bit_count":
        return _call("bitCount", *node.expressions)
    if node.name == "to_json":  # views have the whole of an item's fields as JSON
        return inner or node
    return node


def _macro(node: exp.Dot) -> exp.Expr:
    call = node.expression
    if isinstance(call, exp.Anonymous) and call.name == "order_of":
        return exp.Tuple(expressions=call.expressions)
    return node


def _multiplied(node: exp.Mul) -> exp.Expr:
    """`3 * interval 1 day` is no product there."""
    interval = node.expression
    if isinstance(interval, exp.Interval):
        return exp.Interval(this=node.this, unit=interval.args["unit"])
    return node


def _parts(node: exp.SplitPart) -> exp.Expr:
    return _call(
        "arrayElement",
        _call("splitByString", node.args["delimiter"], node.this),
        node.args["part_index"],
    )


def _with(node: exp.CTE) -> exp.Expr:
    node.set("materialized", None)
    return node


def _named_call(name: str, *arguments: str) -> Rule:
    """A function of another name, given these parts of the node."""
    return lambda node: _call(name, *(node.args[argument] for argument in arguments))


RULES: Mapping[type[exp.Expr], Rule] = {
    exp.Anonymous: _anonymous,
    exp.BitwiseAnd: _named_call("bitAnd", "this", "expression"),
    exp.BitwiseLeftShift: _named_call("bitShiftLeft", "this", "expression"),
    exp.BitwiseRightShift: _named_call("bitShiftRight", "this", "expression"),
    exp.CTE: _with,
    exp.Cast: _cast,
    exp.Count: _count,
    exp.DateDiff: _between,
    exp.Dot: _macro,
    exp.Flatten: _named_call("arrayFlatten", "this"),
    exp.GenerateSeries: _named_call("range", "start", "end"),
    exp.Lag: _neighbour,
    exp.Lead: _neighbour,
    exp.Lower: _named_call("lowerUTF8", "this"),
    exp.MapKeys: _names,
    exp.Max: _of_nothing,
    exp.Median: _quantile,
    exp.Min: _of_nothing,
    exp.Mul: _multiplied,
    exp.PercentileCont: _quantile,
    exp.SplitPart: _parts,
    exp.Sum: _of_nothing,
    exp.TimestampTrunc: _truncated,
    exp.Transform: _each,
    exp.TryCast: _extracted,
}
