"""The ground floor: who acts, for which tenant, and may they?"""
