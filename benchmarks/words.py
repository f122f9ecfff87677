"""What is said in the measurements: one template and its data, the same for everybody.

The template reads the same in minijinja and in Jinja2: eight variables, a loop of three, a
condition, in subject, HTML and text.
"""

TEMPLATE = "bench"

SUBJECT = "Your order {{ order }} is on its way, {{ first_name }}"

HTML = """<html><body>
<h1>Hello {{ first_name }} {{ last_name }},</h1>
<p>your order <b>{{ order }}</b> of {{ ordered_on }} left our house{% if express %} by
express{% endif %}.</p>
<table>{% for line in lines %}
<tr><td>{{ line.count }} &times; {{ line.name }}</td><td>{{ line.price }}</td></tr>{% endfor %}
</table>
<p>Together {{ total }}. Follow it at <a href="{{ link }}">{{ link }}</a>.</p>
</body></html>
"""

TEXT = """Hello {{ first_name }} {{ last_name }},

your order {{ order }} of {{ ordered_on }} left our house{% if express %} by express{% endif %}.
{% for line in lines %}
{{ line.count }} x {{ line.name }}: {{ line.price }}{% endfor %}

Together {{ total }}. Follow it at {{ link }}.
"""

DATA: dict[str, object] = {
    "first_name": "Ada",
    "last_name": "Müller & Co",
    "order": "A-@N@",
    "ordered_on": "21 November 2026",
    "express": True,
    "lines": [
        {"count": 2, "name": "Pencil <HB>", "price": "3.20 EUR"},
        {"count": 1, "name": "Notebook", "price": "12.00 EUR"},
        {"count": 5, "name": "Eraser", "price": "4.50 EUR"},
    ],
    "total": "19.70 EUR",
    "link": "https://shop.example/orders/A-@N@",
}


def mail_item(**more: object) -> dict[str, object]:
    """A notification to an address of its own, for the null provider or an SMTP sink."""
    return _item({"email": "person-@N@@example.com"}, "email", more)


def webhook_item(port: int, path: str = "hook", **more: object) -> dict[str, object]:
    """A notification to an HTTP sink."""
    return _item({"url": f"http://127.0.0.1:{port}/{path}"}, "webhook", more)


def _item(to: dict[str, str], channel: str, more: dict[str, object]) -> dict[str, object]:
    return {
        "to": to,
        "channel": channel,
        "event_type": "order_shipped",
        "template": TEMPLATE,
        "priority": "low",
        "idempotency_key": "bench-@N@",
        "data": DATA,
        **more,
    }
