-- True of instances with a trait ({values}) that passes a test; with {negation}, of all others.
d.instance {negation}in (select a.instance from ({values}) a where {test})
