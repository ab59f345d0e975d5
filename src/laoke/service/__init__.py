"""After-sales: cases of customers, who sees to them, and until when something was promised."""
