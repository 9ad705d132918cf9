"""Journeys in WebKitGTK, the relative of the browser on iPhones, on https: it keeps no Secure cookie on plain http."""
