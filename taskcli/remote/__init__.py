"""Files that are elsewhere: in object stores, on web servers, on the Hub, inside archives."""
