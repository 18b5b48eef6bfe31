"""The OneAccess calls: the published contract, requests built once per device, and a lean HTTP/1.1 connection."""
