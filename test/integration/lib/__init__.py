# SPDX-License-Identifier: GPL-2.0-or-later
"""What the integration tests stand on: certificates, peers, name servers, and the gateway under test."""
