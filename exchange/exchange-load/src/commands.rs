//! From the records of an order-flow file to the commands of a book.

use exchange_core::book::{BookCommand, Order};
use exchange_types::{
    AccountId, CancelCause, OrderType, PriceTicks, SelfTradePrevention, Side, TimeInForce, TimestampNs,
};

use crate::flow::{Operation, Record};

/// Turns records into commands.
///
/// Books always prevent self-trades. Where a file has that switched off, its accounts must be ignored, so all buyers are one
/// account and all sellers another: nobody ever meets himself.
#[derive(Debug, Clone, Copy)]
pub struct Decoder {
    self_trade_prevention: bool,
}

impl Decoder {
    /// For a file whose header says this.
    #[must_use]
    pub const fn new(self_trade_prevention: bool) -> Self {
        Self { self_trade_prevention }
    }

    /// The command of one record.
    ///
    /// What differs between the kinds of new orders is looked up, not branched for: nobody can predict the next kind.
    #[inline]
    #[must_use]
    pub fn command(self, record: &Record) -> BookCommand {
        match record.operation {
            Operation::Cancel => BookCommand::Cancel { order: record.order, cause: CancelCause::Requested },
            Operation::Reduce => BookCommand::Reduce { order: record.order, by: record.quantity },
            Operation::Replace => BookCommand::Replace {
                order: record.order,
                new_order: record.new_order,
                price: record.price,
                quantity: record.quantity,
            },
            Operation::Market => {
                let any = if record.side == Side::Buy { PriceTicks::HIGHEST } else { PriceTicks::LOWEST };
                self.submit(record, OrderType::Market, TimeInForce::Ioc, any)
            }
            operation => {
                let (order_type, time_in_force) = SHAPES[operation as usize & 7];
                self.submit(record, order_type, time_in_force, record.price)
            }
        }
    }

    #[inline]
    fn submit(
        self,
        record: &Record,
        order_type: OrderType,
        time_in_force: TimeInForce,
        price: PriceTicks,
    ) -> BookCommand {
        BookCommand::Submit(Order {
            id: record.order,
            account: if self.self_trade_prevention { record.account } else { AccountId(record.side as u32) },
            price,
            quantity: record.quantity,
            expires_at: TimestampNs(0),
            side: record.side,
            order_type,
            time_in_force,
            self_trade: SelfTradePrevention::CancelTaker,
        })
    }
}

/// Order type and time in force by the number of the operation; those of operations that are no new orders are never used.
const SHAPES: [(OrderType, TimeInForce); 8] = {
    let mut shapes = [(OrderType::Limit, TimeInForce::Gtc); 8];
    shapes[Operation::ImmediateOrCancel as usize] = (OrderType::Limit, TimeInForce::Ioc);
    shapes[Operation::FillOrKill as usize] = (OrderType::Limit, TimeInForce::Fok);
    shapes[Operation::PostOnly as usize] = (OrderType::PostOnly, TimeInForce::Gtc);
    shapes
};
