

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assistants', '0001_initial'),
        ('tenants', '0002_extension_and_notify'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RunLease',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('schema_name', models.CharField(max_length=63)),
                ('run_id', models.CharField(max_length=40)),
                ('owner', models.UUIDField()),
                ('attempts', models.PositiveSmallIntegerField(default=1)),
                ('resumable', models.BooleanField(default=True, help_text='False: asked from Python, by code that is gone with it.')),
                ('heartbeat_at', models.DateTimeField()),
            ],
        ),
        migrations.RemoveField(
            model_name='run',
            name='heartbeat_at',
        ),
        migrations.AddField(
            model_name='run',
            name='api_key',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tenants.apikey'),
        ),
        migrations.AddField(
            model_name='run',
            name='cancel_requested_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='idempotency_key',
            field=models.CharField(blank=True, max_length=255, null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='idempotency_scope',
            field=models.CharField(blank=True, help_text='Whose idempotency key it is.', max_length=64),
        ),
        migrations.AddField(
            model_name='run',
            name='question',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='assistants.message'),
        ),
        migrations.AddField(
            model_name='run',
            name='request_digest',
            field=models.CharField(blank=True, help_text='SHA-256 of what was asked.', max_length=64),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.UniqueConstraint(condition=models.Q(('idempotency_key__isnull', False)), fields=('idempotency_scope', 'idempotency_key'), name='one_run_an_idempotency_key'),
        ),
        migrations.AddIndex(
            model_name='runlease',
            index=models.Index(fields=['heartbeat_at'], name='lease_by_heartbeat'),
        ),
        migrations.AddConstraint(
            model_name='runlease',
            constraint=models.UniqueConstraint(fields=('schema_name', 'run_id'), name='one_lease_a_run'),
        ),
    ]
