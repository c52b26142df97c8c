"""Oversight's monitoring as one program: what shall run, checked and described without a cloud."""
