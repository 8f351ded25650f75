"""JSON documents: paths, shapes, values and the references in them."""
