"""A small judge of JSON schemas, of the words that ours use: independent of the checks that they describe."""

from typing import Any

INFINITY = float("inf")
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def fits(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    """Whether a value is as a schema says; `root` is the document that references point into."""
    if "$ref" in schema:
        return fits(value, resolved(schema["$ref"], root), root)
    if "oneOf" in schema:
        return [fits(value, each, root) for each in schema["oneOf"]].count(True) == 1
    if "const" in schema and value != schema["const"]:
        return False
    if value not in schema.get("enum", [value]):
        return False
    if "type" in schema:
        kinds = _TYPES[schema["type"]]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            return False
    if isinstance(value, int | float):
        return bool(schema.get("minimum", -INFINITY) <= value <= schema.get("maximum", INFINITY))
    return _parts_fit(value, schema, root)


def _parts_fit(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    if isinstance(value, str):
        return bool(len(value) <= schema.get("maxLength", len(value)))
    if isinstance(value, list):
        return schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)) and all(
            fits(each, schema.get("items", {}), root) for each in value
        )
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return (
            set(schema.get("required", ())) <= value.keys()
            and (schema.get("additionalProperties", True) or value.keys() <= known.keys())
            and all(fits(each, known.get(name, {}), root) for name, each in value.items())
        )
    return True


def resolved(reference: str, root: dict[str, Any]) -> dict[str, Any]:
    """What a reference means."""
    found: Any = root
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    assert isinstance(found, dict)
    return found
