from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0002_grain_and_seen_at")]

    operations = [
        migrations.AlterField(
            model_name="importrun",
            name="state",
            field=models.CharField(
                choices=[
                    ("reading", "读取中"),
                    ("people", "认人中"),
                    ("facts", "写入中"),
                    ("done", "完成"),
                    ("refused", "没导入"),
                    ("cancelled", "已取消"),
                    ("undone", "已撤回"),
                ],
                default="reading",
                max_length=10,
            ),
        ),
    ]
