"""Lists, maps and groups in ClickHouse's words: they are kept as JSON text (see `columns.py`).

What takes them apart in a query of ours says of which type they are: `try_cast(value as bigint[])`,
and of a group's element `try_cast(g.name as varchar)`. To the embedded store that says nothing new.
"""

from sqlglot import exp

from glasshouse.store.engines.clickhouse.dialect import Dialect


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A function by its name, as ClickHouse writes it."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def kinds(dialect: Dialect) -> dict[exp.DType, str]:
    """The types that queries of ours name."""
    return {
        exp.DType.TEXT: "String",
        exp.DType.BIGINT: "Int64",
        exp.DType.INT: "Int64",  # as which numbers of ids are kept here
        exp.DType.DOUBLE: "Float64",
        exp.DType.BOOLEAN: dialect.boolean,
        exp.DType.DATE: dialect.day,
        exp.DType.TIMESTAMPNTZ: dialect.moment,
    }


def extracted(node: exp.TryCast, dialect: Dialect) -> exp.Expr:
    """The elements of a list, or a member of a group's element."""
    type_ = exp.Literal.string(_type(node.to, dialect))
    if isinstance(node.this, exp.Dot):
        return call("JSONExtract", *_member(node.this), type_)
    return call("JSONExtract", _given(node.this), type_)


def _type(type_: exp.DataType, dialect: Dialect) -> str:
    if type_.this == exp.DType.ARRAY:
        return f"Array({_type(type_.expressions[0], dialect)})"
    return f"Nullable({kinds(dialect)[type_.this]})"


def names(node: exp.MapKeys) -> exp.Expr:
    """The names in a map."""
    if isinstance(node.this, exp.Dot):
        return call("JSONExtractKeys", *_member(node.this))
    return call("JSONExtractKeys", _given(node.this))


def each(node: exp.Transform) -> exp.Expr:
    """Something of each element of a group."""
    return call("arrayMap", node.expression, call("JSONExtractArrayRaw", _given(node.this)))


def _member(node: exp.Dot) -> tuple[exp.Expr, exp.Expr]:
    return exp.column(node.this.copy()), exp.Literal.string(node.expression.name)


def _given(value: exp.Expr) -> exp.Expr:
    """What is not null: JSON is read of nothing else, and the query leaves rows of nulls out."""
    return call("assumeNotNull", value)
