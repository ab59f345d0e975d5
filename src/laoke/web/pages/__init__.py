"""One package per noun: views, forms, urls; templates in web/templates/<noun>/."""
