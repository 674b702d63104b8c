"""Images in files: found, decoded, fitted and kept."""
