#!/bin/sh
set -eu
# The environment is known now, so what is cached holds it. bootstrap/cache is this pod's own.
php artisan config:cache
php artisan route:cache
exec "$@"
