#!/usr/bin/env python3
"""messages.py ROOT"""
