import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('promotions', '0002_coupons'),
    ]

    operations = [
        migrations.CreateModel(
            name='BacktestDepth',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('facts', models.JSONField()),
                ('assumed', models.JSONField(default=dict)),
                ('backtest', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='depth', to='promotions.backtest')),
            ],
        ),
    ]
