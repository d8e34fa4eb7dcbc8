"""Clusters, services and their images."""
