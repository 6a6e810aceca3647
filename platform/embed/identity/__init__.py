"""Who a visitor is, in the words of the tenant's own server: signed statements, and what checks them."""
